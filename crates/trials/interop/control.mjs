// What a test may do outside the protocol: issue grants, revoke them, read the counts.

const ACCOUNT = 'test-account';
const SCOPE = 'openid offline_access api';

// The control server's request listener.
export function control(provider, state, stats) {
  const routes = {
    'POST /mint': (query) => mint(provider, query),
    'POST /code': (query) => code(provider, query),
    'POST /revoke-grant': (query) => revokeGrant(provider, state, query),
    'GET /stats': () => stats,
    'DELETE /stats': () => stats.reset() ?? stats,
  };
  return (request, response) => answer(routes, request, response);
}

async function answer(routes, request, response) {
  request.resume();
  const { pathname, searchParams } = new URL(request.url, 'http://control');
  const route = routes[`${request.method} ${pathname}`];
  if (!route) return send(response, 404, { error: 'no such route' });
  try {
    send(response, 200, await route(searchParams));
  } catch (error) {
    send(response, error instanceof BadRequest ? 400 : 500, { error: error.message });
  }
}

function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

async function mint(provider, query) {
  const origin = await consent(provider, query);
  const access = new provider.AccessToken(origin);
  const refresh = new provider.RefreshToken({ ...origin, authTime: now(), rotations: 0 });
  return {
    access_token: await access.save(),
    refresh_token: await refresh.save(),
    token_type: access.tokenType,
    expires_in: access.expiration,
    scope: SCOPE,
  };
}

async function code(provider, query) {
  const origin = await consent(provider, query);
  const redirectUri = origin.client.redirectUris[0];
  const issued = new provider.AuthorizationCode({
    ...origin, ...challenge(query), authTime: now(), redirectUri,
  });
  return { code: await issued.save(), redirect_uri: redirectUri, expires_in: issued.expiration };
}

function challenge(query) {
  const codeChallenge = query.get('code_challenge');
  return codeChallenge === null ? {} : { codeChallenge, codeChallengeMethod: 'S256' };
}

// The state after the user consented in a browser: a saved grant, and the fields its tokens share.
async function consent(provider, query) {
  const client = await provider.Client.find(required(query, 'client'));
  if (!client) throw new BadRequest('no such client');
  if (!client.grantTypeAllowed('refresh_token')) throw new BadRequest('this client acts for no account');
  const grant = new provider.Grant({ accountId: ACCOUNT, clientId: client.clientId });
  grant.addOIDCScope(SCOPE);
  const grantId = await grant.save();
  return { accountId: ACCOUNT, client, grantId, gty: 'authorization_code', scope: SCOPE };
}

async function revokeGrant(provider, state, query) {
  const grantIds = await grantsNamed(provider, state, query);
  grantIds.forEach((grantId) => state.removeGrant(grantId));
  return { revoked: grantIds.length };
}

async function grantsNamed(provider, state, query) {
  const refreshToken = query.get('refresh_token');
  if (refreshToken === null) return grantsOf(state, required(query, 'client'));
  const token = await provider.RefreshToken.find(refreshToken, { ignoreExpiration: true });
  return token ? [token.grantId] : [];
}

function grantsOf(state, clientId) {
  return state
    .payloads((payload) => payload.kind === 'Grant' && payload.clientId === clientId)
    .map((grant) => grant.jti);
}

function required(query, name) {
  const value = query.get(name);
  if (!value) throw new BadRequest(`the query wants ${name}`);
  return value;
}

function now() {
  return Math.floor(Date.now() / 1000);
}

class BadRequest extends Error {}
