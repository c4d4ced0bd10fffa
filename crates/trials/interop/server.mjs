// A real authorization server for the interop tests; README.md describes its interface.

import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

import { CLIENTS, described } from './clients.mjs';
import { control } from './control.mjs';
import { State } from './state.mjs';
import { Stats } from './stats.mjs';

// Standard output is for the ready line only.
console.log = console.info = console.debug = console.error;

const HOST = '127.0.0.1';

await main().catch((error) => {
  console.error(error);
  process.exit(1);
});

async function main() {
  const options = commandLine();
  const state = await State.open(options.state);

  let open;
  const opened = new Promise((resolve) => { open = resolve; });
  // A client that waits for a restart may connect before the provider is ready, and needs an answer.
  const front = createServer(async (request, response) => (await opened)(request, response));
  const issuer = await listen(front, options.port);
  const provider = await authorizationServer(issuer, state, options);
  const stats = new Stats(provider);
  open(provider.callback());

  const back = createServer(control(provider, state, stats));
  const controlUrl = await listen(back, options.controlPort);

  exitWithParent();
  announce(provider, issuer, controlUrl);
}

function commandLine() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: process.env.PORT ?? '0' },
      'control-port': { type: 'string', default: '0' },
      'access-ttl': { type: 'string', default: '4' },
      rotation: { type: 'string', default: 'single-use' },
      reuse: { type: 'string', default: 'ends-grant' },
      state: { type: 'string' },
    },
  });
  // This cannot be configured.
  oneOf('--reuse', values.reuse, ['ends-grant']);
  return {
    port: wholeNumber('--port', values.port, 0),
    controlPort: wholeNumber('--control-port', values['control-port'], 0),
    accessTtl: wholeNumber('--access-ttl', values['access-ttl'], 1),
    rotates: oneOf('--rotation', values.rotation, ['single-use', 'kept']) === 'single-use',
    state: values.state,
  };
}

function wholeNumber(name, text, least) {
  const number = Number(text);
  if (text.trim() === '' || !Number.isInteger(number) || number < least) {
    throw new Error(`${name} wants a whole number from ${least} up`);
  }
  return number;
}

function oneOf(name, text, known) {
  if (!known.includes(text)) throw new Error(`${name} wants one of ${known.join(', ')}`);
  return text;
}

// The issuer holds the port, so the socket comes before the provider.
function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => resolve(`http://${HOST}:${server.address().port}`));
  });
}

async function authorizationServer(issuer, state, options) {
  // Imported late: the module prints on import, and imports run before the redirection above.
  const { Provider } = await import('oidc-provider');
  return new Provider(issuer, configuration(state, options));
}

function configuration(state, { accessTtl, rotates }) {
  const day = 24 * 60 * 60;
  return {
    adapter: (model) => state.adapter(model),
    clients: CLIENTS,
    jwks: state.jwks,
    cookies: { keys: state.cookieKeys },
    scopes: ['openid', 'offline_access', 'api'],
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: rotates,
    interactions: { url: (_ctx, interaction) => `/unattended/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
    },
    ttl: {
      AccessToken: accessTtl,
      ClientCredentials: accessTtl,
      AuthorizationCode: 60,
      IdToken: 60 * 60,
      RefreshToken: 30 * day,
      Grant: 30 * day,
      Interaction: 60 * 60,
      Session: day,
    },
  };
}

// Leaves no server behind if the test dies: its end of standard input closes with it.
function exitWithParent() {
  const exit = () => process.exit(0);
  process.once('SIGTERM', exit);
  process.once('SIGINT', exit);
  process.stdin.once('end', exit).once('close', exit).once('error', exit).resume();
}

function announce(provider, issuer, controlUrl) {
  const ready = {
    issuer,
    token_endpoint: provider.urlFor('token'),
    revocation_endpoint: provider.urlFor('revocation'),
    introspection_endpoint: provider.urlFor('introspection'),
    control: controlUrl,
    clients: described(),
  };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}
