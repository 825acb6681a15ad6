import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { podshift, ROOT } from './spawn.ts';

describe('podshift explain', () => {
  it('is named by a plan with blockers, as a command that can be copied', async () => {
    const planned = await podshift('plan', join(ROOT, 'examples/shop'));
    const [, command = ''] = /what a code means, and what to do: podshift (.+)$/m.exec(planned.stderr) ?? [];
    expect(command).toMatch(/^explain PS\d{3}$/);
    expect(planned.stdout).toContain(`${command.split(' ')[1]} `);
    const explained = await podshift(...command.split(' '));
    expect(explained).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^PS\d{3} blocker: [^\n]+\n {2}what to do +\S/) });
  });

  it('exits with 2 for a code that there is not', async () => {
    expect(await podshift('explain', 'PS3O5')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/there is no code "PS3O5"; did you mean PS305\?\n.*"podshift explain"/),
    });
  });
});
