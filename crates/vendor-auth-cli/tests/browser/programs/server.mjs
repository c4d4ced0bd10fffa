// The authorization server of the browser test: npm's certified `oidc-provider`, with the pages of
// its own that a person logs in at. Its only line on standard output is its issuer.

import { createServer } from 'node:http';

// Standard output is for that line.
console.log = console.info = console.debug = console.warn = console.error;

const HOST = '127.0.0.1';

// Imported late: the module prints on import, and imports run before the redirection above.
const { Provider } = await import('oidc-provider');

let answer;
const front = createServer((request, response) => answer(request, response));
// The issuer holds the port, so the socket comes before the provider.
front.listen(0, HOST, () => {
  const issuer = `http://${HOST}:${front.address().port}`;
  answer = new Provider(issuer, configuration()).callback();
  process.stdout.write(`${issuer}\n`);
});
exitWithParent();

function configuration() {
  return {
    clients: [{
      client_id: 'vendor-auth',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['http://127.0.0.1/callback'],
    }],
    cookies: { keys: ['browser-test'] },
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    pkce: { required: () => true },
    features: { revocation: { enabled: true } },
  };
}

// Leaves no server behind if the test dies: its end of standard input closes with it.
function exitWithParent() {
  const exit = () => process.exit(0);
  process.stdin.once('end', exit).once('close', exit).once('error', exit).resume();
}
