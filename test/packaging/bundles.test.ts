import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Packaged } from '../support/package-service.ts';
import { packaged } from '../support/packaged.ts';

/** What Lambda may have to unzip for a function, in bytes: with a Kubernetes client, and without one. */
const LIMITS = { cluster: 2_500_000, account: 1_000_000 };

/** Only the Kubernetes client has this. */
const KUBERNETES_CLIENT = 'application/strategic-merge-patch+json';

describe('the code of the functions', () => {
  let service: Packaged;

  beforeAll(async () => {
    service = await packaged();
  }, 600_000);

  it('is small: a function that is larger than this loads clients that it does not need, or a library that wants a door in infra/bundle.cjs', async () => {
    const tooLarge: string[] = [];
    for (const key of Object.keys(service.state.service.functions)) {
      const files = await codeOf(key);
      const size = files.reduce((sum, { body }) => sum + body.length, 0);
      const limit = files.some(({ body }) => body.includes(KUBERNETES_CLIENT)) ? LIMITS.cluster : LIMITS.account;
      if (size > limit) tooLarge.push(`${key}: ${size} bytes unzipped, at most ${limit}`);
    }
    expect(tooLarge).toEqual([]);
  });

  it('has nothing of the journal on one machine', async () => {
    for (const key of Object.keys(service.state.service.functions)) {
      for (const { body } of await codeOf(key)) expect(body.includes('DatabaseSync'), key).toBe(false);
    }
  });

  it('is that of the function alone', async () => {
    for (const [key, { handler }] of Object.entries(service.state.service.functions)) {
      expect((await codeOf(key)).map(({ name }) => name)).toEqual([handler.replace(/\.\w+$/, '.mjs')]);
    }
  });

  async function codeOf(key: string): Promise<{ name: string; body: Buffer }[]> {
    const folder = service.code(key);
    const found = await readdir(folder, { recursive: true, withFileTypes: true });
    const names = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
    return Promise.all(names.map(async (name) => ({ name, body: await readFile(join(folder, name)) })));
  }
});
