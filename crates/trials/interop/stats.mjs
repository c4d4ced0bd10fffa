// Counts what the token endpoint answered, per client, grant type and outcome.

export class Stats {
  #exchanges = new Map();
  #grantsRevoked = 0;

  constructor(provider) {
    provider.on('grant.success', (ctx) => this.#count(ctx, 'success'));
    provider.on('grant.error', (ctx, error) => this.#count(ctx, error.error));
    provider.on('grant.revoked', () => { this.#grantsRevoked += 1; });
    provider.on('server_error', (ctx, error) => this.#serverError(ctx, error));
  }

  toJSON() {
    return { exchanges: [...this.#exchanges.values()], grants_revoked: this.#grantsRevoked };
  }

  reset() {
    this.#exchanges.clear();
    this.#grantsRevoked = 0;
  }

  #serverError(ctx, error) {
    console.error(error);
    if (ctx.oidc?.route === 'token') this.#count(ctx, 'server_error');
  }

  #count(ctx, outcome) {
    const clientId = ctx.oidc.client?.clientId ?? ctx.oidc.params?.client_id ?? null;
    const grantType = ctx.oidc.params?.grant_type ?? null;
    const key = JSON.stringify([clientId, grantType, outcome]);
    const row = this.#exchanges.get(key)
      ?? { client_id: clientId, grant_type: grantType, outcome, count: 0 };
    row.count += 1;
    this.#exchanges.set(key, row);
  }
}
