// The provider's storage: a map in memory, written to one file at every change.

import { generateKeyPair, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

export class State {
  #file;
  #entries;

  static async open(file) {
    if (file !== undefined && existsSync(file)) {
      return new State(file, JSON.parse(readFileSync(file, 'utf8')));
    }
    const state = new State(file, await blank());
    state.#write();
    return state;
  }

  constructor(file, { jwks, cookieKeys, entries }) {
    this.#file = file;
    this.jwks = jwks;
    this.cookieKeys = cookieKeys;
    this.#entries = new Map(entries);
  }

  adapter(model) {
    return new Adapter(model, this);
  }

  read(key) {
    const entry = this.#entries.get(key);
    return entry && !lapsed(entry) ? { ...entry.payload } : undefined;
  }

  find(predicate) {
    return this.payloads(predicate)[0];
  }

  payloads(predicate) {
    return [...this.#entries.values()]
      .filter((entry) => !lapsed(entry) && predicate(entry.payload))
      .map((entry) => ({ ...entry.payload }));
  }

  put(key, payload, expiresIn) {
    const expiresAt = expiresIn === undefined ? null : Date.now() + expiresIn * 1000;
    this.#entries.set(key, { payload, expiresAt });
    this.#write();
  }

  amend(key, change) {
    Object.assign(this.#entries.get(key)?.payload ?? {}, change);
    this.#write();
  }

  remove(key) {
    this.#entries.delete(key);
    this.#write();
  }

  // The grant itself and every code and token issued for it.
  removeGrant(grantId) {
    this.#entries.delete(`Grant:${grantId}`);
    this.removeTokensOf(grantId);
  }

  removeTokensOf(grantId) {
    this.#drop((entry) => entry.payload.grantId === grantId);
    this.#write();
  }

  #drop(predicate) {
    for (const [key, entry] of this.#entries) {
      if (predicate(entry)) this.#entries.delete(key);
    }
  }

  // Renamed into place: a server killed while writing leaves the last complete file.
  #write() {
    this.#drop(lapsed);
    if (this.#file === undefined) return;
    const { jwks, cookieKeys } = this;
    const text = JSON.stringify({ jwks, cookieKeys, entries: [...this.#entries] });
    writeFileSync(`${this.#file}.new`, text, { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }
}

// The interface that oidc-provider requires of its storage, one instance per model.
class Adapter {
  #model;
  #state;

  constructor(model, state) {
    this.#model = model;
    this.#state = state;
  }

  async upsert(id, payload, expiresIn) {
    this.#state.put(this.#key(id), payload, expiresIn);
  }

  async find(id) {
    return this.#state.read(this.#key(id));
  }

  async findByUid(uid) {
    return this.#state.find((payload) => payload.kind === this.#model && payload.uid === uid);
  }

  async findByUserCode(userCode) {
    return this.#state.find((payload) => payload.kind === this.#model && payload.userCode === userCode);
  }

  async consume(id) {
    this.#state.amend(this.#key(id), { consumed: Math.floor(Date.now() / 1000) });
  }

  async destroy(id) {
    this.#state.remove(this.#key(id));
  }

  async revokeByGrantId(grantId) {
    this.#state.removeTokensOf(grantId);
  }

  #key(id) {
    return `${this.#model}:${id}`;
  }
}

function lapsed(entry) {
  return entry.expiresAt !== null && entry.expiresAt <= Date.now();
}

async function blank() {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const jwk = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'interop' };
  return { jwks: { keys: [jwk] }, cookieKeys: [randomBytes(32).toString('base64url')], entries: [] };
}
