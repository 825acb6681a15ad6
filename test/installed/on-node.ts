import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Ended, ROOT, type Running, start } from '../cli/spawn.ts';
import { sayMissing } from '../contract/behaviours.ts';
import { exportedBy } from '../support/exported.ts';
import { fetchOwnNode, findNode } from './nodes.ts';

const run = promisify(execFile);

/** A Node that the package is for, and how it runs there. */
export interface WantedNode {
  readonly version: string;
  /** Whether the package runs by a Node of its own there: the optional dependency, which comes from a registry. */
  readonly byItsOwn: boolean;
}

/**
 * The tests of the packed file in an empty folder on one Node, as README.md says to use it. Where neither the cache nor the npm registry
 * has that Node, it says so on stderr and leaves them out.
 */
export async function usedOn(wanted: WantedNode): Promise<void> {
  const node = { ...wanted, ...(await findNode(wanted.version, process.env, (line) => process.stderr.write(`${line}\n`))) };
  const { optionalDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const withoutOwn = node.byItsOwn ? await fetchOwnNode(optionalDependencies, process.env) : undefined;
  const missing = 'missing' in node ? node.missing : withoutOwn;
  sayMissing(`the package on Node ${node.version}`, missing);

  describe.skipIf(missing !== undefined)(`podshift of the packed file, in an empty folder, on Node ${node.version}`, () => {
    const PATH = ['bin' in node ? node.bin : '', process.env.PATH].join(delimiter);
    let folder = '';

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'podshift-installed-'));
      await writeFile(join(folder, 'package.json'), '{"private": true}');
      // Where podshift needs no Node of its own, nothing may come from elsewhere.
      const how = node.byItsOwn ? ['--prefer-offline'] : ['--offline', '--omit=optional'];
      await run('npm', ['install', '--no-audit', '--no-fund', ...how, inject('packedFile')], {
        cwd: folder,
        env: { ...process.env, PATH },
      });
      const own = (await readdir(join(folder, 'node_modules'))).some((name) => name.startsWith('node-'));
      expect(own).toBe(node.byItsOwn);
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    const npx = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Running =>
      start(['--no-install', 'podshift', ...args], { program: 'npx', cwd: folder, env: { PATH, ...env } });

    it('runs the demo', async () => {
      const { code, stdout, stderr } = await npx(['demo']).ended;
      expect(code, stderr).toBe(0);
      expect(stdout).toContain('promises  credential gap 0 s; nobody else gained a role; nothing else changed');
    });

    it('captures a cluster, rehearses it, migrates it while another process looks, and takes it back', async () => {
      const example = join(folder, 'node_modules/podshift/examples/shop');
      // A program that goes on is started as npx does it, and gets its signals itself.
      const twin = start(['twin', example, '--no-delays'], {
        program: join(folder, 'node_modules/.bin/podshift'),
        cwd: folder,
        env: { PATH },
      });
      const env = exportedBy(await twin.seen('podshift plan --cluster'));
      const cluster = ['--cluster', 'shop', '--region', 'eu-central-1'];
      const chosen = ['-n', 'media', '--soak-seconds', '10', '--iam-propagation-seconds', '1', '--injection-interval-seconds', '1'];

      const captured = await npx(['capture', ...cluster, '--out', 'shop'], env).ended;
      expect([captured.stdout, captured.code], captured.stderr).toEqual(['shop\n', 0]);
      const rehearsed = answer(await npx(['rehearse', 'shop', ...chosen, '-o', 'json']).ended);
      expect(rehearsed).toMatchObject({
        run: { status: 'migrated' },
        promises: { credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 },
      });
      const planned = answer(await npx(['plan', ...cluster, ...chosen, '-o', 'json'], env).ended);
      expect(planned.run).toMatchObject({ status: 'planned', digest: rehearsed.run.digest });

      const approved = ['--approve', '--digest', planned.run.digest];
      const migrating = npx(['run', ...cluster, ...chosen, ...approved, '-o', 'json'], env);
      await migrating.seen(/media\/thumbnails +associating/);
      const during = await npx(['status']).ended;
      const migrated = answer(await migrating.ended);
      expect(migrated).toMatchObject({ run: { status: 'migrated' }, units: [{ serviceAccount: 'thumbnails', status: 'migrated' }] });
      expect(during).toMatchObject({ code: 0, stdout: expect.stringMatching(new RegExp(`${migrated.run.id} .*wave 1 of 1`)) });

      const undone = answer(await npx(['rollback', migrated.run.id, '--approve', '-o', 'json'], env).ended);
      expect(undone).toMatchObject({ run: { id: migrated.run.id, status: 'rolled-back' } });
    });
  });
}

interface Report {
  readonly run: { readonly id: string; readonly status: string; readonly digest: string };
}

/** The report that a command printed. Throws what it said where it printed none. */
function answer({ stdout, stderr }: Ended): Report {
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Report;
}
