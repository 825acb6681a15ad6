import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  expectedDigest,
  type KeptPlan,
  keepPlan,
  keptPlanOf,
  optionsBeside,
  optionsOfPlan,
  refuseMoved,
  targetOfPlan,
} from '../../../cli/commands/kept-plan.ts';
import type { CommandContext } from '../../../cli/context.ts';
import { type Invocation, parseCommandLine } from '../../../cli/program.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { noCalls } from '../../../src/model/run.ts';
import { planDigest } from '../../../src/plan/digest.ts';
import { buildPlanReport } from '../../../src/report/report.ts';
import { plan as planWith } from '../fixtures/report-fixtures.ts';

const made = (changes: Partial<Plan> = {}): Plan => {
  const plan = planWith(changes);
  return { ...plan, digest: planDigest(plan) };
};
const reportOf = (plan: Plan) =>
  buildPlanReport(plan, { runId: 'r', status: 'planned', startedAt: '', endedAt: null, calls: noCalls(), promises: null });
const invocationOf = (...words: string[]): Invocation => parseCommandLine(['run', ...words], '0.0.0', 80) as Invocation;
const context = { environment: { AWS_REGION: 'eu-west-1' } } as unknown as CommandContext;

let folder = '';
let file = '';
let kept: KeptPlan;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-test-'));
  file = join(folder, 'plan.json');
  await keepPlan(file, made(), reportOf(made()));
  kept = (await keptPlanOf(invocationOf('--plan', file), 'plan')) as KeptPlan;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('keeping a plan', () => {
  it('writes a file of its owner alone, whole, in the place of one of its name', async () => {
    const later = made({ madeAt: '2026-04-01T00:00:00.000Z' });
    await keepPlan(file, later, reportOf(later));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['plan.json']);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ kind: 'Plan', madeAt: later.madeAt, digest: kept.plan.digest });
  });

  it('says where it cannot be written, and leaves nothing behind', async () => {
    await expect(keepPlan(join(folder, 'no', 'plan.json'), made(), reportOf(made()))).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining('(ENOENT)'),
    });
    await expect(keepPlan(folder, made(), reportOf(made()))).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining('it is no ordinary file'),
    });
    expect(await readdir(folder)).toEqual(['plan.json']);
  });
});

describe('a kept plan', () => {
  it('is none without the flag, and one that cannot be read is named', async () => {
    expect(await keptPlanOf(invocationOf(), 'plan')).toBeUndefined();
    const absent = keptPlanOf(invocationOf('--plan', join(folder, 'absent')), 'plan');
    await expect(absent).rejects.toMatchObject({ name: 'UsageError', message: expect.stringMatching(/absent cannot be read \(ENOENT\)/) });
    await writeFile(file, '{"apiVersion":');
    await expect(keptPlanOf(invocationOf('--plan', file), 'plan')).rejects.toMatchObject({ name: 'PlanUnusable' });
  });

  it('brings its cluster, wherever the environment looks; how that is reached is the flags’ to say', async () => {
    const role = 'arn:aws:iam::444455556666:role/r';
    expect(await targetOfPlan(kept, invocationOf('--role-arn', role), context)).toEqual({
      clusterName: 'pier',
      region: 'eu-central-1',
      assumeRoleArn: role,
    });
    expect(await targetOfPlan(kept, invocationOf('--cluster', 'pier', '--region', 'eu-central-1'), context)).toMatchObject({
      clusterName: 'pier',
    });
  });

  it.each([
    [['--cluster', 'shop'], 'pier in eu-central-1, and not shop in eu-central-1'],
    [['--region', 'eu-west-1'], 'pier in eu-central-1, and not pier in eu-west-1'],
  ])('is of one cluster: with %j it is refused', async (flags, message) => {
    await expect(targetOfPlan(kept, invocationOf(...flags), context)).rejects.toMatchObject({
      name: 'PlanUnusable',
      message: expect.stringContaining(`is of another cluster: ${message}`),
    });
  });

  it('is carried out with its own options: another one is refused, the same one is none', async () => {
    expect(await optionsOfPlan(kept, invocationOf('--soak-seconds', '900'))).toEqual(kept.plan.options);
    await expect(optionsOfPlan(kept, invocationOf('--soak-seconds', '1'))).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining('was made with another soakSeconds'),
    });
    expect(await optionsBeside(kept, invocationOf('--soak-seconds', '1'))).toEqual({ ...kept.plan.options, soakSeconds: 1 });
  });

  it('has one digest: --digest has to name it', () => {
    const { digest } = kept.plan;
    expect(expectedDigest(invocationOf(), kept)).toBe(digest);
    expect(expectedDigest(invocationOf('--digest', digest.slice(0, 12)), kept)).toBe(digest);
    expect(() => expectedDigest(invocationOf('--digest', 'f'.repeat(12)), kept)).toThrow(/has the digest/);
    expect(expectedDigest(invocationOf('--digest', 'f'.repeat(12)), undefined)).toBe('f'.repeat(12));
    expect(expectedDigest(invocationOf(), undefined)).toBeNull();
  });

  it('is refused by naming each object and field that differs, a line each', () => {
    const talk: string[] = [];
    const told = { terminal: { talk: (line: string) => talk.push(line) } } as unknown as CommandContext;
    expect(refuseMoved(kept, made({ madeAt: 'later' }), told)).toBeUndefined();
    const [first, ...rest] = made().units;
    if (first === undefined) throw new TypeError('no unit');
    const moved = made({ units: [{ ...first, roleArn: 'arn:other' }, ...rest.slice(1)] });
    expect(() => refuseMoved(kept, moved, told)).toThrow(expect.objectContaining({ name: 'WorldMoved' }));
    expect(talk).toEqual([`differs: ServiceAccount/${rest[0]?.id}: is gone`, `differs: ServiceAccount/${first.id}: roleArn`].sort());
    const elsewhere = made({ clusterArn: 'arn:aws:eks:eu-central-1:111122223333:cluster/pier' });
    expect(() => refuseMoved(kept, elsewhere, told)).toThrow(expect.objectContaining({ name: 'PlanUnusable' }));
  });
});
