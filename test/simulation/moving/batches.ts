import { DEATHS } from './draw.ts';
import type { Happening, History } from './history.ts';
import { historyOf, irsaUnit } from './scenario.ts';
import type { Outcome } from './simulate.ts';
import type { UnitSpec } from './worlds.ts';

const split = (name: string): UnitSpec => irsaUnit(name, { serviceAccount: 'staff', mechanism: 'split', replicas: 1 });
const driver = (name: string, more: Partial<UnitSpec> = {}): UnitSpec =>
  irsaUnit(name, { namespace: 'kube-system', serviceAccount: `${name}-sa`, role: 'efs', mechanism: 'addon', ...more });

/**
 * A canary; a wave whose batches are three units, two of which share a role, and two that a service account is made for; and a wave that is
 * an add-on of two.
 */
export function batchHistory(happenings: readonly Happening[] = []): History {
  return historyOf(happenings, {
    world: {
      nodes: 2,
      agent: true,
      units: [
        irsaUnit('ace'),
        irsaUnit('bill', { role: 'till' }),
        irsaUnit('desk', { role: 'till', replicas: 1 }),
        irsaUnit('mail', { kind: 'StatefulSet', replicas: 3 }),
        split('left'),
        split('right'),
        driver('efs-csi-controller'),
        driver('efs-csi-node', { kind: 'DaemonSet', replicas: 1 }),
      ],
    },
    options: { soakSeconds: 60, injectionChecks: 3, failureThresholdPercent: 100 },
  });
}

/** Five waves of at most two units: the fifth begins while the fourth soaks, and one of each shares a role. */
export function overlapHistory(happenings: readonly Happening[] = [], more: Partial<History> = {}): History {
  const names = ['ace', 'bill', 'cart', 'desk', 'feed', 'mail', 'news'];
  return historyOf(happenings, {
    world: {
      nodes: 2,
      agent: true,
      units: [
        ...names.map((name) => irsaUnit(name, { replicas: 1 })),
        irsaUnit('play', { role: 'news', replicas: 1 }),
        irsaUnit('seat', { kind: 'StatefulSet', replicas: 1 }),
      ],
    },
    options: { soakSeconds: 120, injectionChecks: 3, waveSize: 2, failureThresholdPercent: 100 },
    ...more,
  });
}

/** The same on one machine; the association of a unit of the fifth wave is deleted while it soaks, so that it is rolled back by itself. */
export function failingHistory(happenings: readonly Happening[] = []): History {
  const deleted = { after: 'CreatePodIdentityAssociation', number: 9, plus: 60_000 };
  return overlapHistory([{ kind: 'act', who: 'association deleter', when: deleted, unit: 8 }, ...happenings], { mode: 'local' });
}

/** How a history ends: what was broken, and how its runs and units ended. */
export function endsOf({ problems, runs, units }: Pick<Outcome, 'problems' | 'runs' | 'units'>) {
  return {
    problems,
    runs: runs.map(({ status }) => status),
    units: Object.fromEntries(units.map(({ unitId, status }) => [unitId, status])),
  };
}

/** The functions that take a batch, of units or of roles. */
const OF_BATCHES: ReadonlySet<string> = new Set(
  [
    'grantTrust',
    'openUnits',
    'splitServiceAccount',
    'associate',
    'updateAddon',
    'checkAddon',
    'checkInjection',
    'proveCredentials',
    'restartWorkloads',
    'checkRollout',
    'verifyPods',
    'confirmUse',
    'checkTogether',
    'removeAnnotations',
    'checkRenewal',
    'finishUnits',
    'undoUnits',
    'revokeTrust',
  ].map((name) => name.toLowerCase()),
);

/**
 * Every place where a function of a batch can be cut off in this run: ahead of each of its calls, and with its answer, by each kind of end in
 * turn. Whatever it has sent by then arrives.
 */
export function everyCut({ served }: Pick<Outcome, 'served'>): Extract<Happening, { kind: 'cut' }>[] {
  return served
    .filter(({ of }) => OF_BATCHES.has(of))
    .flatMap(({ of, number, calls }) => Array.from({ length: calls + 1 }, (_, index) => ({ of, number, call: index + 1 })))
    .map((site, index) => ({ kind: 'cut', ...site, error: DEATHS[index % DEATHS.length] ?? DEATHS[0] }));
}

/** Every call of this run once lost: its request and its reply in turn. */
export function everyLoss({ calls }: Pick<Outcome, 'calls'>): Extract<Happening, { kind: 'lost' }>[] {
  return Array.from({ length: calls }, (_, index) => ({
    kind: 'lost',
    part: index % 2 === 0 ? 'request' : 'reply',
    service: 'any',
    writes: false,
    number: index + 1,
  }));
}

/** A crash ahead of every call of this run, which somebody on a machine carries out. */
export function everyCrash({ calls }: Pick<Outcome, 'calls'>, next: 'resume' | 'roll back'): Extract<Happening, { kind: 'crash' }>[] {
  return Array.from({ length: calls }, (_, index) => ({ kind: 'crash', call: index + 1, next, seconds: 5 }));
}

/** A unit of a batch that no invocation of a stage survives, which asks a service about it. */
export function deadly(of: string, seconds = 0): Extract<Happening, { kind: 'deadly' }> {
  return { kind: 'deadly', of, object: 'shop/bill', error: 'Sandbox.Timedout', seconds };
}
