import type { Act, Fault, Happening, History, When, Word } from './history.ts';
import { GENTLE, ROUGH } from './history.ts';
import type { Failure, Service } from './network.ts';
import { createRandom, type Random } from './random.ts';
import { NAMESPACE, type UnitSpec, type WorldSpec } from './worlds.ts';

/** Worlds of one to four units by name: what a seed draws within. */
const SMALL = ['irsa', 'kube2iam', 'split', 'addon'] as const;
/** Worlds by name; `waves` has units enough for batches of several, and for waves that begin while others soak. */
export const WORLDS = [...SMALL, 'waves'] as const;
export type WorldName = (typeof WORLDS)[number];

const NAMES = ['cart', 'mail', 'web', 'db'] as const;
/** Names of the units of larger worlds, from which each draws some. */
const MANY = ['bill', 'cart', 'chat', 'desk', 'feed', 'mail', 'menu', 'news', 'play', 'seat', 'shed', 'tape'] as const;
const SERVICES: readonly Service[] = ['eks', 'iam', 'kubernetes', 'sts', 'cloudtrail', 'journal'];
const FAILURES: readonly Failure[] = ['throttle', 'throttle', 'server-error', 'server-error', 'reset', 'reset', 'denied'];
/** What Step Functions hears of a function that died (Step Functions Developer Guide, "Handling errors"). */
export const DEATHS = ['Sandbox.Timedout', 'Lambda.Unknown', 'Runtime.ExitError', 'Lambda.ServiceException'] as const;
const OPTIONS = { soakSeconds: 60, injectionChecks: 3 };

/** Writes of podshift's after which something may happen. */
const WRITES = [
  'CreateAddon',
  'UpdateAssumeRolePolicy',
  'CreatePodIdentityAssociation',
  'UpdateAddon',
  'create pods',
  'delete pods',
  'patch',
  'patch serviceaccounts',
  'DeletePodIdentityAssociation',
  'create pods/eviction',
  'DeleteAddon',
] as const;

/** Functions whose invocations may go wrong. */
const FUNCTIONS = [
  'openRun',
  'takeInventory',
  'makePlan',
  'installAgent',
  'checkAgent',
  'nextStep',
  'grantTrust',
  'openUnits',
  'splitServiceAccount',
  'associate',
  'associate',
  'updateAddon',
  'checkAddon',
  'checkInjection',
  'proveCredentials',
  'restartWorkloads',
  'restartWorkloads',
  'checkRollout',
  'verifyPods',
  'confirmUse',
  'removeAnnotations',
  'removeAnnotations',
  'finishUnits',
  'undoUnits',
  'undoUnits',
  'judgeWave',
  'revokeTrust',
  'revokeTrust',
  'removeAgent',
  'openRollback',
  'rollbackBatch',
  'closeRollback',
  'closeRun',
] as const;

/**
 * The history of a seed: a small world, or one of several waves, one to three actors, up to two faults, and at times a person's word.
 * `small`: of all worlds but `waves`.
 */
export function drawHistory(seed: number, world: WorldName | 'any' | 'small' = 'any'): History {
  const random = createRandom(`history ${seed}`);
  const small = random.pick(SMALL);
  const isLarge = world === 'any' ? random.fork('waves').chance(0.3) : world === 'waves';
  const spec = isLarge ? drawWaves(random.fork('world')) : drawWorld(random.fork('world'), isKind(world) ? world : small);
  const options = isLarge ? { ...OPTIONS, ...drawOptions(random.fork('options')) } : OPTIONS;
  const mode = random.fork('mode').chance(0.25) ? 'local' : 'service';
  const [acts, faults, words] = [random.fork('acts'), random.fork('faults'), random.fork('words')];
  const reach = isLarge ? FAR : NEAR;
  const happenings: Happening[] = [
    ...Array.from({ length: acts.between(1, 3) }, () => drawAct(acts, spec, reach)),
    ...Array.from({ length: faults.between(0, 2) }, () => drawFault(faults, mode, reach)),
    ...(words.chance(0.4) ? [drawWord(words, mode, reach)] : []),
  ];
  return { seed, world: spec, mode, options, happenings };
}

/** How far into a run things happen: up to the so-many-th write, invocation or call of its kind. */
interface Reach {
  readonly number: number;
  readonly calls: number;
}
const NEAR: Reach = { number: 2, calls: 400 };
const FAR: Reach = { number: 6, calls: 2_500 };

function isKind(world: WorldName | 'any' | 'small'): world is (typeof SMALL)[number] {
  return (SMALL as readonly string[]).includes(world);
}

const KINDS = ['Deployment', 'Deployment', 'Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'] as const;

/** Options by which a world of several units has waves that overlap, or batches of several, and a threshold that some failures pass or not. */
function drawOptions(random: Random) {
  return {
    waveSize: random.pick([1, 1, 2, 2, 3, 500]),
    sequentialWaves: random.chance(0.1),
    soakSeconds: random.pick([60, 60, 240]),
    failureThresholdPercent: random.pick([10, 60, 100]),
    onWaveFailure: random.chance(0.2) ? ('rollback' as const) : ('halt' as const),
    restartPodsPerMinute: random.pick([300, 300, 6]),
  };
}

/** Five to nine units of all mechanisms, some of which share a role, with an add-on at times and a split at times. */
function drawWaves(random: Random): WorldSpec {
  const count = random.between(5, 9);
  const from = random.between(0, MANY.length - count);
  const mechanism = random.pick(['irsa', 'irsa', 'kube2iam', 'mixed'] as const);
  const sharing = random.pick([1, 2, 3]);
  const names = MANY.slice(from, from + count);
  const plain = names.map((name, index): UnitSpec => {
    // All that share a role have it by the same mechanism.
    const first = index - (index % sharing);
    return {
      name,
      namespace: NAMESPACE,
      serviceAccount: name,
      kind: random.pick(KINDS),
      replicas: random.between(1, 2),
      role: names[first] ?? name,
      mechanism: mechanism === 'mixed' ? (first % 2 === 0 ? 'irsa' : 'kube2iam') : mechanism,
    };
  });
  const split = random.chance(0.3) ? drawSplit(random, ['left', 'right']) : [];
  const driver = random.chance(0.3) ? drawDriver(random) : [];
  return { nodes: random.between(1, 3), agent: random.chance(0.4), units: [...plain, ...split, ...driver] };
}

function drawSplit(random: Random, names: readonly string[]): UnitSpec[] {
  return names.map((name) => ({
    name,
    namespace: NAMESPACE,
    serviceAccount: 'staff',
    kind: random.pick(['Deployment', 'Deployment', 'StatefulSet', 'DaemonSet'] as const),
    replicas: random.between(1, 3),
    role: name,
    mechanism: 'split',
  }));
}

function drawDriver(random: Random): UnitSpec[] {
  const parts = [
    { name: 'efs-csi-controller', kind: 'Deployment', replicas: 2 },
    { name: 'efs-csi-node', kind: 'DaemonSet', replicas: 1 },
  ] as const;
  return parts
    .slice(0, random.between(1, 2))
    .map((part) => ({ ...part, namespace: 'kube-system', serviceAccount: `${part.name}-sa`, role: 'efs', mechanism: 'addon' }));
}

function drawWorld(random: Random, world: (typeof SMALL)[number]): WorldSpec {
  const count = random.pick([1, 1, 2, 2, 3, 4]);
  // The trust policy of a role has no room for four statements of IRSA and ours.
  const shared = random.chance(0.25) && count < 4;
  const base = { nodes: random.between(1, 3), agent: random.chance(0.4) };
  const kind = () => random.pick(KINDS);
  const plain = (mechanism: 'irsa' | 'kube2iam', names: readonly string[]): UnitSpec[] =>
    names.map((name, index) => ({
      name,
      namespace: NAMESPACE,
      serviceAccount: name,
      kind: kind(),
      replicas: random.between(1, 3),
      role: shared && index > 0 ? (names[0] ?? name) : name,
      mechanism,
    }));
  switch (world) {
    case 'irsa':
    case 'kube2iam':
      return { ...base, units: plain(world, NAMES.slice(0, count)) };
    case 'split': {
      const split = drawSplit(random, NAMES.slice(0, 2));
      return { ...base, units: [...split, ...plain('kube2iam', NAMES.slice(2, 2 + Math.max(0, count - 2)))] };
    }
    case 'addon': {
      const driver = drawDriver(random);
      return { ...base, units: [...driver, ...plain('irsa', NAMES.slice(0, Math.max(0, count - 2)))] };
    }
  }
}

function drawWhen(random: Random, reach: Reach): When {
  if (random.chance(0.15)) return { second: random.between(0, 600) };
  const plus = random.pick([0, 100, 300, 1_000, 3_000, 8_000, 20_000, 45_000, 70_000]);
  return { after: random.pick(WRITES), number: random.between(1, reach.number), plus };
}

function drawAct(random: Random, { units }: WorldSpec, reach: Reach): Act {
  const who = random.chance(0.45) ? random.pick(GENTLE) : random.pick(ROUGH);
  const act = { kind: 'act', who, when: drawWhen(random, reach), unit: random.between(0, units.length - 1) } as const;
  if (who.startsWith('gitops')) return { ...act, every: random.pick([30, 60, 180]), seconds: random.pick([60, 300, 900]) };
  return { ...act, number: random.between(1, 5), seconds: random.pick([10, 60, 240]) };
}

function drawFault(random: Random, mode: History['mode'], reach: Reach): Fault {
  const calls = ['outage', 'lost', 'lost', 'slow', 'reads late'] as const;
  const rest =
    mode === 'local'
      ? (['crash', 'crash', 'clock'] as const)
      : (['cut', 'cut', 'cut', 'again', 'again', 'late', 'events', 'clock'] as const);
  const kind = random.pick([...calls, ...rest]);
  const of = { of: random.pick(FUNCTIONS), number: random.between(1, reach.number) };
  switch (kind) {
    case 'outage': {
      const seconds = random.pick([5, 30, 60, 150, 300]);
      return { kind, service: random.pick(SERVICES), when: drawWhen(random, reach), seconds, failure: random.pick(FAILURES) };
    }
    case 'lost': {
      const service = random.pick(['any', 'eks', 'iam', 'kubernetes', 'journal'] as const);
      return { kind, part: random.pick(['request', 'reply']), service, writes: random.chance(0.7), number: random.between(1, 30) };
    }
    case 'slow': {
      const milliseconds = random.pick([2_000, 10_000, 29_000, 45_000, 120_000]);
      return { kind, service: random.pick(SERVICES), when: drawWhen(random, reach), seconds: random.pick([10, 60, 180]), milliseconds };
    }
    case 'reads late': {
      const milliseconds = random.pick([1_000, 5_000, 15_000]);
      return { kind, service: random.pick(['iam', 'eks']), when: drawWhen(random, reach), seconds: random.pick([60, 300]), milliseconds };
    }
    case 'cut':
      return { kind, ...of, call: random.between(1, 15), error: random.pick(DEATHS) };
    case 'again':
      return { kind, ...of, milliseconds: random.pick([0, 20, 300, 2_000, 30_000, 120_000, 600_000]) };
    case 'late':
      return { kind, ...of, milliseconds: random.pick([0, 300, 5_000, 60_000, 300_000]) };
    case 'events':
      return { kind, deliveries: random.pick([[1_500, 1_600], [60_000], [1_500, 300_000], []]) };
    case 'clock':
      return { kind, invocation: random.between(1, 80), milliseconds: random.pick([-30_000, -2_000, 2_000, 30_000, 600_000]) };
    case 'crash':
      return {
        kind,
        call: random.between(1, reach.calls),
        next: random.pick(['resume', 'roll back']),
        seconds: random.pick([1, 5, 60, 1_200]),
      };
  }
}

function drawWord(random: Random, mode: History['mode'], reach: Reach): Word {
  const kind = random.pick(['stop', 'stop', 'roll back', 'second run', ...(mode === 'local' ? (['resume'] as const) : [])] as const);
  if (kind === 'roll back') {
    const unit = random.chance(0.3) ? { unit: random.between(0, 3) } : {};
    return { kind, when: { second: random.between(60, 1_600) }, ...unit };
  }
  return { kind, when: kind === 'second run' && random.chance(0.5) ? { second: random.between(600, 2_400) } : drawWhen(random, reach) };
}
