import { afterEach, describe, expect, it } from 'vitest';
import { generateSnapshot } from '../../bench/rehearsal.bench.ts';
import { type Rehearsal, rehearse } from '../../engine/rehearsal.ts';
import type { Fault, TwinRequest } from '../../twin/contracts.ts';
import { checkPromises, settingsOf } from './scenario.ts';

const MINUTE = 60_000;
const OPTIONS = { soakSeconds: 60, injectionChecks: 3 } as const;
const SCENE = { name: 'two units', snapshot: async () => generateSnapshot(2), options: OPTIONS };

/** What is away, and for how long: every request that `harmed` matches fails. */
interface Outage {
  readonly harmed: RegExp;
  /** Of the migration, and of its rollback. */
  readonly minutes: readonly [number, number];
  readonly fault: Fault;
}

const API_SERVER: Outage = { harmed: /^kubernetes/, minutes: [5, 5], fault: { kind: 'reset', when: 'before' } };
/**
 * Longer than any time-out of a step. A rollback has less: between the end of the association and the restart its pods live on what
 * the agent holds, for three hours from when it was fetched.
 */
const EVERYBODY_THROTTLES: Outage = { harmed: /./, minutes: [120, 40], fault: { kind: 'throttle', when: 'before' } };

/** Where the outage of a migration begins, and that of its rollback. */
const MOMENTS = {
  'the proof of the injection': /create pods\?dryRun team-1/,
  'the probe': /create pods team-1/,
  'the restart': /patch deployments team-1/,
  'the roll-out': /get deployments team-1/,
  'the annotations': /patch serviceaccounts team-1/,
  'the association': /DeletePodIdentityAssociation/,
  'the last look at the pods': /list pods/,
} as const;
type Moment = keyof typeof MOMENTS;
const ALL: readonly (readonly [Moment, Moment])[] = [
  ['the proof of the injection', 'the annotations'],
  ['the probe', 'the association'],
  ['the restart', 'the proof of the injection'],
  ['the roll-out', 'the restart'],
  ['the annotations', 'the last look at the pods'],
];

const rehearsals: Rehearsal[] = [];

afterEach(async () => {
  await Promise.all(rehearsals.splice(0).map((rehearsal) => rehearsal.close()));
});

/** A rehearsal with an outage, which a rollback has once more; and how many requests met one. */
async function withOutage({ harmed, minutes, fault }: Outage, forward: Moment, back: Moment) {
  let next: RegExp | undefined = MOMENTS[forward];
  let lasts = minutes[0];
  let until = 0;
  let met = 0;
  const beforeRequest = (request: TwinRequest): Fault | undefined => {
    const key = `${request.service} ${request.operation} ${request.object}`;
    if (next?.test(key)) {
      next = undefined;
      until = request.at + lasts * MINUTE;
    }
    if (request.at >= until || !harmed.test(key)) return undefined;
    met += 1;
    return fault;
  };
  const rehearsal = await rehearse({ ...(await settingsOf(SCENE)), hooks: { beforeRequest } });
  rehearsals.push(rehearsal);
  return {
    rehearsal,
    rollBack: () => {
      next = MOMENTS[back];
      lasts = minutes[1];
      return rehearsal.rollback();
    },
    met: () => met,
  };
}

const ends = ({ report }: Pick<Rehearsal, 'report'>) => report.units.map(({ status }) => status);

describe.each([
  ['an API server that is away for 5 minutes', API_SERVER, ALL],
  ['an account and a cluster that throttle everything for hours', EVERYBODY_THROTTLES, ALL.slice(0, 2)],
] as const)('%s', (_name, outage, moments) => {
  it.each(moments)('rolls nothing back from %s on, and strands nothing that is rolled back from %s on', async (forward, back) => {
    const { rehearsal, rollBack, met } = await withOutage(outage, forward, back);
    expect(met()).toBeGreaterThan(3);
    expect(ends(rehearsal)).toEqual(['migrated', 'migrated']);
    expect(rehearsal.report.run.status).toBe('migrated');
    await checkPromises(rehearsal);
    const before = met();
    const rolledBack = await rollBack();
    expect(met() - before).toBeGreaterThan(3);
    expect(ends(rolledBack)).toEqual(['rolled-back', 'rolled-back']);
    expect(rolledBack.report.run.status).toBe('rolled-back');
    expect(rehearsal.twin.watch.compareWithBaseline()).toEqual([]);
    expect(rehearsal.twin.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
  });
});
