import { historyOf, irsaUnit, type Scenario } from './scenario.ts';
import { TRUST_SCENARIOS } from './scenarios-trust.ts';

const TWO = { world: { units: [irsaUnit('cart'), irsaUnit('mail')], nodes: 2, agent: true } };
const NO_AGENT = { world: { units: [irsaUnit('cart')], nodes: 2, agent: false } };

const ADDON_PARTS = [
  irsaUnit('efs-csi-controller', { namespace: 'kube-system', serviceAccount: 'efs-csi-controller-sa', role: 'efs', mechanism: 'addon' }),
  irsaUnit('efs-csi-node', {
    namespace: 'kube-system',
    serviceAccount: 'efs-csi-node-sa',
    kind: 'DaemonSet',
    role: 'efs',
    mechanism: 'addon',
  }),
];

/** Kinds of trouble that a migration once came to grief by, each as its shortest history. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a write in flight when the rollback begins is undone: an association',
    history: historyOf([
      {
        kind: 'slow',
        service: 'eks',
        when: { after: 'UpdateAssumeRolePolicy', number: 1, plus: 3_000 },
        seconds: 30,
        milliseconds: 25_000,
      },
      { kind: 'stop', when: { after: 'CreatePodIdentityAssociation', number: 1, plus: 1_000 } },
    ]),
  },
  {
    name: 'a write in flight when the rollback begins is undone: a trust policy',
    history: historyOf([
      { kind: 'slow', service: 'iam', when: { second: 3 }, seconds: 60, milliseconds: 20_000 },
      { kind: 'stop', when: { after: 'UpdateAssumeRolePolicy', number: 1, plus: 500 } },
    ]),
  },
  {
    name: 'a write in flight when the rollback begins is undone: a restart mark',
    history: historyOf([
      { kind: 'slow', service: 'kubernetes', when: { after: 'delete pods', number: 1, plus: 500 }, seconds: 60, milliseconds: 40_000 },
      { kind: 'stop', when: { after: 'patch deployments', number: 1, plus: 1_000 } },
    ]),
  },
  {
    name: 'a write in flight when the rollback begins is undone: the agent',
    history: historyOf(
      [
        { kind: 'slow', service: 'eks', when: { second: 3 }, seconds: 20, milliseconds: 20_000 },
        { kind: 'stop', when: { after: 'CreateAddon', number: 1, plus: 500 } },
      ],
      NO_AGENT,
    ),
  },
  {
    name: 'the last look sees that the association was deleted during the soak',
    history: historyOf([
      { kind: 'act', who: 'association deleter', when: { after: 'patch deployments', number: 1, plus: 45_000 }, unit: 0 },
    ]),
  },
  {
    name: 'the last look sees that the trust policy was put back during the soak',
    history: historyOf([
      { kind: 'act', who: 'gitops trust', when: { after: 'patch deployments', number: 1, plus: 45_000 }, unit: 0, every: 30, seconds: 900 },
    ]),
  },
  {
    name: 'the last look sees that the agent was removed during the soak',
    history: historyOf([
      { kind: 'act', who: 'agent remover', when: { after: 'patch deployments', number: 1, plus: 45_000 }, unit: 0, seconds: 3_600 },
    ]),
  },
  {
    name: 'a rollback long after the restart waits for the pods that somebody else has just begun to roll',
    history: historyOf([
      { kind: 'act', who: 'ci', when: { second: 900 }, unit: 0, number: 7 },
      { kind: 'roll back', when: { second: 901 } },
    ]),
  },
  {
    name: 'the lock on the cluster lasts through the soak',
    history: historyOf([{ kind: 'second run', when: { second: 1_050 } }], { options: { soakSeconds: 1_800, injectionChecks: 3 } }),
  },
  {
    name: 'the lost reply of DeleteAddon ends no rollback',
    history: historyOf(
      [
        { kind: 'roll back', when: { second: 600 } },
        ...[4, 5, 6, 7, 8].map((number) => ({ kind: 'lost', part: 'reply', service: 'eks', writes: true, number }) as const),
      ],
      NO_AGENT,
    ),
  },
  {
    name: 'RemoveAgent delivered twice ends no rollback',
    history: historyOf(
      [
        { kind: 'roll back', when: { second: 600 } },
        { kind: 'again', of: 'removeAgent', number: 1, milliseconds: 200 },
      ],
      NO_AGENT,
    ),
  },
  {
    name: 'a crash right after a write, and a rollback while the service reads late: an association',
    history: historyOf([
      { kind: 'reads late', service: 'eks', when: { second: 1 }, seconds: 600, milliseconds: 15_000 },
      { kind: 'cut', of: 'associate', number: 1, call: 12, error: 'Runtime.ExitError' },
      { kind: 'stop', when: { after: 'CreatePodIdentityAssociation', number: 1, plus: 900 } },
    ]),
  },
  ...TRUST_SCENARIOS,
  {
    name: 'a step that is delivered minutes late does nothing to a unit that was rolled back',
    history: historyOf(
      [
        { kind: 'again', of: 'associate', number: 2, milliseconds: 100_000 },
        { kind: 'again', of: 'restartWorkloads', number: 2, milliseconds: 100_000 },
        { kind: 'cut', of: 'verifyPods', number: 4, call: 4, error: 'InternalError' },
      ],
      TWO,
    ),
  },
  {
    name: 'an API server that is away for five minutes rolls nothing back',
    history: historyOf([
      {
        kind: 'outage',
        service: 'kubernetes',
        when: { after: 'CreatePodIdentityAssociation', number: 1, plus: 3_000 },
        seconds: 300,
        failure: 'reset',
      },
    ]),
  },
  {
    name: 'an API server that is away for five minutes during the rollback ends no rollback',
    history: historyOf([
      { kind: 'roll back', when: { second: 600 } },
      { kind: 'outage', service: 'kubernetes', when: { second: 602 }, seconds: 300, failure: 'server-error' },
    ]),
  },
  ...(
    ['Lambda.Unknown', 'Sandbox.Timedout', 'Runtime.ExitError', 'Lambda.ResourceNotReadyException', 'Lambda.ENINotReadyException'] as const
  ).map(
    (error): Scenario => ({
      name: `a function that ends as ${error} costs no healthy unit`,
      history: historyOf([{ kind: 'cut', of: 'checkInjection', number: 2, call: 2, error }]),
    }),
  ),
  {
    name: 'a function that dies during the rollback ends no rollback',
    history: historyOf([
      { kind: 'roll back', when: { second: 600 } },
      { kind: 'cut', of: 'undoUnits', number: 2, call: 3, error: 'Runtime.ExitError' },
    ]),
  },
  {
    name: 'a rollback whose event never comes is begun all the same',
    history: historyOf([
      { kind: 'events', deliveries: [] },
      { kind: 'stop', when: { after: 'patch deployments', number: 1, plus: 3_000 } },
    ]),
  },
  {
    name: 'a rollback whose event comes twice is one rollback',
    history: historyOf([
      { kind: 'events', deliveries: [1_500, 1_600] },
      { kind: 'stop', when: { after: 'patch deployments', number: 1, plus: 3_000 } },
    ]),
  },
  {
    name: 'pods that others make while EKS forgets an association get their role back within minutes',
    history: historyOf([
      { kind: 'roll back', when: { second: 600 } },
      { kind: 'act', who: 'hpa', when: { after: 'DeletePodIdentityAssociation', number: 1, plus: 1_000 }, unit: 0, number: 4 },
    ]),
  },
  {
    name: 'a namespace that goes away ends in an end',
    history: historyOf([
      { kind: 'act', who: 'namespace deleter', when: { after: 'CreatePodIdentityAssociation', number: 1, plus: 8_000 }, unit: 0 },
    ]),
  },
  {
    name: 'a service account that goes away ends in an end',
    history: historyOf([
      { kind: 'act', who: 'service account deleter', when: { after: 'CreatePodIdentityAssociation', number: 1, plus: 8_000 }, unit: 0 },
    ]),
  },
  {
    name: 'a rollback of what was associated before evicts within its budget',
    history: historyOf(
      [
        { kind: 'act', who: 'eksctl', when: { second: 1 }, unit: 0 },
        { kind: 'roll back', when: { second: 700 } },
      ],
      { begins: 60 },
    ),
  },
  // Two reads of an add-on's roles, with an update of another of its units between them, show what nobody wanted.
  ...[1, 24, 3, 4].map(
    (seed): Scenario => ({
      name: `the service accounts of an add-on go back by one update, and none takes it for somebody else's (${seed})`,
      history: historyOf([{ kind: 'roll back', when: { second: 700 } }], { seed, world: { units: ADDON_PARTS, nodes: 2, agent: true } }),
    }),
  ),
  {
    name: 'the update of an add-on that is asked for twice at once is one update',
    history: historyOf([{ kind: 'again', of: 'updateAddon', number: 1, milliseconds: 0 }], {
      seed: 42,
      world: { units: [...ADDON_PARTS, irsaUnit('cart', { replicas: 3 })], nodes: 3, agent: true },
    }),
  },
  {
    name: 'a run that is resumed while it goes on, and ends, is not rolled back',
    history: historyOf([{ kind: 'resume', when: { after: 'patch', number: 1, plus: 1_000 } }], {
      seed: 2009,
      mode: 'local',
      world: { units: ['cart', 'mail', 'web', 'db'].map((name) => irsaUnit(name)), nodes: 1, agent: true },
    }),
  },
  {
    name: 'the agent stays where somebody else has associated something meanwhile, and the run says so',
    history: historyOf(
      [
        { kind: 'act', who: 'eksctl', when: { second: 60 }, unit: 0 },
        { kind: 'stop', when: { after: 'UpdateAssumeRolePolicy', number: 1, plus: 0 } },
      ],
      { world: { units: [irsaUnit('cart')], nodes: 1, agent: false } },
    ),
  },
  {
    name: 'the probe goes to a node that is there when the one of the plan is gone',
    history: historyOf([{ kind: 'act', who: 'node remover', when: { second: 6 }, unit: 0, number: 4 }], {
      seed: 22,
      world: { units: [irsaUnit('web', { replicas: 1 })], nodes: 2, agent: false },
    }),
  },
  ...[
    { name: 'a statement that a run left behind and a later one works by stays when the first is rolled back', call: 90 },
    { name: 'an association that a later run went on from is not deleted when the run that made it is rolled back', call: 130 },
  ].map(({ name, call }) => ({
    name,
    history: historyOf(
      [
        { kind: 'crash', call, next: 'roll back', seconds: 1800 },
        { kind: 'second run', when: { second: 590 } },
      ],
      { mode: 'local' },
    ),
  })),
];
