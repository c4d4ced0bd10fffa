const REDIRECT_URI = 'https://client.example/callback';

// Printable ASCII is all the server allows (RFC 6749 appendix A); these are its awkward characters.
const AWKWARD_ID = 'client:with space/%+=&?#;,"';
const AWKWARD_SECRET = 'se:cr et/%2B+=&?#;,"~*\\';

export const CLIENTS = [
  withConsent('web', 'client_secret_basic', 'web-secret'),
  withConsent('post', 'client_secret_post', 'post-secret'),
  withConsent('public', 'none'),
  withConsent(AWKWARD_ID, 'client_secret_basic', AWKWARD_SECRET),
  {
    client_id: 'm2m',
    client_secret: 'm2m-secret',
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    scope: 'api',
  },
];

// The part of the clients that the ready line describes.
export function described() {
  return CLIENTS.map((client) => ({
    id: client.client_id,
    secret: client.client_secret ?? null,
    method: client.token_endpoint_auth_method,
    grant_types: client.grant_types,
    redirect_uri: client.redirect_uris[0] ?? null,
  }));
}

function withConsent(id, method, secret) {
  return {
    client_id: id,
    ...(secret === undefined ? {} : { client_secret: secret }),
    token_endpoint_auth_method: method,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: [REDIRECT_URI],
    scope: 'openid offline_access api',
  };
}
