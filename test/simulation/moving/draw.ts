import type { Act, Fault, Happening, History, When, Word } from './history.ts';
import { GENTLE, ROUGH } from './history.ts';
import type { Failure, Service } from './network.ts';
import { createRandom, type Random } from './random.ts';
import { NAMESPACE, type UnitSpec, type WorldSpec } from './worlds.ts';

/** Worlds by name: what a seed draws within. */
export const WORLDS = ['irsa', 'kube2iam', 'split', 'addon'] as const;
export type WorldName = (typeof WORLDS)[number];

const NAMES = ['cart', 'mail', 'web', 'db'] as const;
const SERVICES: readonly Service[] = ['eks', 'iam', 'kubernetes', 'sts', 'cloudtrail', 'journal'];
const FAILURES: readonly Failure[] = ['throttle', 'throttle', 'server-error', 'server-error', 'reset', 'reset', 'denied'];
/** What Step Functions hears of a function that died (Step Functions Developer Guide, "Handling errors"). */
const DEATHS = ['Sandbox.Timedout', 'Lambda.Unknown', 'Runtime.ExitError', 'Lambda.ServiceException'] as const;
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

/** The history of a seed: a small world, one to three actors, up to two faults, and at times a person's word. */
export function drawHistory(seed: number, world: WorldName | 'any' = 'any'): History {
  const random = createRandom(`history ${seed}`);
  const name = world === 'any' ? random.pick(WORLDS) : world;
  const spec = drawWorld(random.fork('world'), name);
  const mode = random.fork('mode').chance(0.25) ? 'local' : 'service';
  const [acts, faults, words] = [random.fork('acts'), random.fork('faults'), random.fork('words')];
  const happenings: Happening[] = [
    ...Array.from({ length: acts.between(1, 3) }, () => drawAct(acts, spec)),
    ...Array.from({ length: faults.between(0, 2) }, () => drawFault(faults, mode)),
    ...(words.chance(0.4) ? [drawWord(words, mode)] : []),
  ];
  return { seed, world: spec, mode, options: OPTIONS, happenings };
}

const KINDS = ['Deployment', 'Deployment', 'Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'] as const;

function drawWorld(random: Random, world: WorldName): WorldSpec {
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
      const split = NAMES.slice(0, 2).map(
        (name): UnitSpec => ({
          name,
          namespace: NAMESPACE,
          serviceAccount: 'staff',
          kind: random.pick(['Deployment', 'Deployment', 'StatefulSet', 'DaemonSet'] as const),
          replicas: random.between(1, 3),
          role: name,
          mechanism: 'split',
        }),
      );
      return { ...base, units: [...split, ...plain('kube2iam', NAMES.slice(2, 2 + Math.max(0, count - 2)))] };
    }
    case 'addon': {
      const parts = [
        { name: 'efs-csi-controller', kind: 'Deployment', replicas: 2 },
        { name: 'efs-csi-node', kind: 'DaemonSet', replicas: 1 },
      ] as const;
      const driver = parts
        .slice(0, random.between(1, 2))
        .map(
          (part): UnitSpec => ({ ...part, namespace: 'kube-system', serviceAccount: `${part.name}-sa`, role: 'efs', mechanism: 'addon' }),
        );
      return { ...base, units: [...driver, ...plain('irsa', NAMES.slice(0, Math.max(0, count - 2)))] };
    }
  }
}

function drawWhen(random: Random): When {
  if (random.chance(0.15)) return { second: random.between(0, 600) };
  const plus = random.pick([0, 100, 300, 1_000, 3_000, 8_000, 20_000, 45_000, 70_000]);
  return { after: random.pick(WRITES), number: random.between(1, 2), plus };
}

function drawAct(random: Random, { units }: WorldSpec): Act {
  const who = random.chance(0.45) ? random.pick(GENTLE) : random.pick(ROUGH);
  const act = { kind: 'act', who, when: drawWhen(random), unit: random.between(0, units.length - 1) } as const;
  if (who.startsWith('gitops')) return { ...act, every: random.pick([30, 60, 180]), seconds: random.pick([60, 300, 900]) };
  return { ...act, number: random.between(1, 5), seconds: random.pick([10, 60, 240]) };
}

function drawFault(random: Random, mode: History['mode']): Fault {
  const calls = ['outage', 'lost', 'lost', 'slow', 'reads late'] as const;
  const rest =
    mode === 'local'
      ? (['crash', 'crash', 'clock'] as const)
      : (['cut', 'cut', 'cut', 'again', 'again', 'late', 'events', 'clock'] as const);
  const kind = random.pick([...calls, ...rest]);
  const of = { of: random.pick(FUNCTIONS), number: random.between(1, 2) };
  switch (kind) {
    case 'outage': {
      const seconds = random.pick([5, 30, 60, 150, 300]);
      return { kind, service: random.pick(SERVICES), when: drawWhen(random), seconds, failure: random.pick(FAILURES) };
    }
    case 'lost': {
      const service = random.pick(['any', 'eks', 'iam', 'kubernetes', 'journal'] as const);
      return { kind, part: random.pick(['request', 'reply']), service, writes: random.chance(0.7), number: random.between(1, 30) };
    }
    case 'slow': {
      const milliseconds = random.pick([2_000, 10_000, 29_000, 45_000, 120_000]);
      return { kind, service: random.pick(SERVICES), when: drawWhen(random), seconds: random.pick([10, 60, 180]), milliseconds };
    }
    case 'reads late': {
      const milliseconds = random.pick([1_000, 5_000, 15_000]);
      return { kind, service: random.pick(['iam', 'eks']), when: drawWhen(random), seconds: random.pick([60, 300]), milliseconds };
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
      return { kind, call: random.between(1, 400), next: random.pick(['resume', 'roll back']), seconds: random.pick([1, 5, 60, 1_200]) };
  }
}

function drawWord(random: Random, mode: History['mode']): Word {
  const kind = random.pick(['stop', 'stop', 'roll back', 'second run', ...(mode === 'local' ? (['resume'] as const) : [])] as const);
  if (kind === 'roll back') {
    const unit = random.chance(0.3) ? { unit: random.between(0, 3) } : {};
    return { kind, when: { second: random.between(60, 1_600) }, ...unit };
  }
  return { kind, when: kind === 'second run' && random.chance(0.5) ? { second: random.between(600, 2_400) } : drawWhen(random) };
}
