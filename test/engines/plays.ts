import { type RoleBatch, roleBatches } from '../../src/migration/batch/batch.ts';
import type { ErrorName } from '../../src/model/errors.ts';
import type { StateMachineName } from '../../src/service/executions.ts';
import { type Act, type Acts, fails, failsOnce, once } from './acts.ts';
import { batchesOf, batchNamed, READY, undoBatches, unitActs, WAITING } from './unit-acts.ts';

/** One execution whose functions are scripted: what each answers decides the way through the definition. */
export interface Play {
  readonly title: string;
  readonly machine: StateMachineName;
  /** A Map of that machine, whose processor is executed by itself: a child's history is told of no execution but its own. */
  readonly map?: string;
  readonly input: object;
  readonly acts: Acts;
  /** Types of events that are in podshift's reckoning of the history alone: it takes a request for an answer as made, even where that fails. */
  readonly reckoned?: readonly string[];
  /** It waits for minutes, which moto does in real time: podshift's engine alone takes it, with virtual time. */
  readonly waitsLong?: true;
  /** What the waiting task is told, once its function has its token. */
  readonly answer?: { readonly output: unknown } | { readonly error: ErrorName; readonly cause: string };
}

const RUN = { runId: 'r1', target: { clusterName: 'c' }, mode: 'run', approval: 'none', expectedDigest: null, options: {} };
const OPEN: Act = ({ runId, ...event }) => ({ ...RUN, ...event, runId, state: 'open', status: 'running' });
const NO_AGENT = { status: 'changes', begun: false, agent: 'ready' };

/** What the end of the waves tells: the daemons that are to be retired. */
const done = (daemons: readonly string[] = []) => ({ status: 'done', daemons });

/** A step of the run. */
const step = (contents: object): object => ({
  status: 'migrate',
  wave: 0,
  roles: [],
  batches: [],
  iamWaitSeconds: 0,
  waitSeconds: 1,
  ...contents,
});

/** The steps of the run one after another, then its end. */
const steps =
  (...all: readonly object[]): Act =>
  (_event, nth) =>
    all[nth - 1] ?? done();

/** Each of these roles as a batch. */
const rolesOf = (...roleArns: readonly string[]): RoleBatch[] => roleArns.flatMap((roleArn) => roleBatches([roleArn]));

/** What is in store for a role is in its name: `unwritten`, `waits`, `throttled`, `killed`, `blocked` or `lost`; any other is written. */
const rolesWritten: Act = (event, nth) => {
  const { batch } = event;
  const name = batch.pending?.[0]?.roleArn ?? '';
  const ended = { ...batch, pending: [], status: 'ready' };
  if (name === 'waits' && nth === 1) return { ...batch, status: 'waiting', waitSeconds: 1 };
  if (name === 'throttled' && nth === 1) return fails('Throttled')();
  if (name === 'lost' || (name === 'killed' && nth === 1)) return fails('InternalError')();
  if (name === 'blocked') return { ...ended, blocked: true };
  return { ...ended, wrote: name !== 'unwritten' };
};
const EVERY_ROLE = ['written', 'unwritten', 'waits', 'throttled', 'killed', 'blocked'];

/** A run of one wave without anything in it, and nothing to retire. */
const CLUSTER: Acts = {
  OpenRun: OPEN,
  CheckCluster: () => ({}),
  TakeInventory: () => READY,
  MakePlan: () => NO_AGENT,
  ConfirmApproval: () => ({}),
  RequestApproval: () => ({}),
  InstallAgent: () => ({}),
  CheckAgent: () => READY,
  NextStep: steps(step({})),
  GrantTrust: rolesWritten,
  IsolateRoles: (event, nth) => {
    const isLost = event.batch.pending?.[0]?.roleArn === 'lost';
    return isLost
      ? fails('JournalTooNew')()
      : failsOnce('Conflict', { ...event.batch, alone: true, status: 'waiting', waitSeconds: 0 })(event, nth);
  },
  JudgeWave: () => ({ decision: 'go-on', reason: '', roles: [] }),
  RevokeTrust: rolesWritten,
  RolesToRetire: () => ({ done: true, items: [], after: '' }),
  RetireOldTrust: rolesWritten,
  CheckWriters: () => READY,
  RemoveAgent: () => ({ ...READY, tries: 1 }),
  CloseRun: ({ runId, ...event }) => ({ runId, ...event }),
  OpenRetirement: () => ({ status: 'retire' }),
  RemoveRules: () => READY,
  StopDaemon: () => READY,
  ProveRules: () => READY,
  RestoreDaemon: () => READY,
  MarkDaemonLost: () => ({}),
  ...unitActs(),
};

/** Every way through migrate-cluster; the functions are those of its children. */
export function clusterPlays(migrating: readonly string[], confirming: readonly string[]): Play[] {
  const play = (title: string, acts: Acts, more: Partial<Play> = {}): Play => {
    return { title, machine: 'migrate-cluster', input: RUN, ...more, acts: { ...CLUSTER, ...acts } };
  };
  return [
    play('batches of every kind, failing, throttled and waiting at every function, up to their soak', {
      NextStep: steps(step({ batches: batchesOf(migrating).filter(({ units: [first] }) => !(first?.unitId ?? '').startsWith('lost')) })),
    }),
    play('the same after their soak', {
      NextStep: steps(
        step({ status: 'wait' }),
        step({
          status: 'confirm',
          batches: batchesOf(confirming).filter(({ units: [first] }) => !(first?.unitId ?? '').startsWith('lost')),
        }),
      ),
    }),
    play('a batch of which nobody knows', { NextStep: steps(step({ batches: [batchNamed('plain'), batchNamed('lost')] })) }),
    play('the same after its soak', {
      NextStep: steps(step({ status: 'confirm', batches: [batchNamed('plain'), batchNamed('lost undo')] })),
    }),
    play('roles that are written, blocked and revoked', {
      NextStep: steps(step({ roles: rolesOf(...EVERY_ROLE) })),
      JudgeWave: failsOnce('ServiceUnavailable', { decision: 'go-on', reason: '', roles: rolesOf(...EVERY_ROLE) }),
    }),
    play('a wave whose trust is not known in the end', {
      NextStep: steps(step({ roles: rolesOf('written', 'lost'), batches: [batchNamed('plain')] })),
    }),
    play('a role that cannot be narrowed, and is not noted', {
      JudgeWave: () => ({ decision: 'go-on', reason: '', roles: rolesOf('written', 'lost') }),
    }),
    play('roles of which none is written', { NextStep: steps(step({ roles: rolesOf('unwritten') })) }),
    play('a wave that halts', { NextStep: (_event, nth) => (nth === 1 ? step({}) : { status: 'halted', reason: 'too many failed' }) }),
    play('a wave that is to be taken back', { JudgeWave: () => ({ decision: 'rollback', reason: 'one failed', roles: [] }) }),
    play('roles to retire, in two batches', {
      RolesToRetire: (_event, nth) => ({ done: nth === 3, items: nth === 3 ? [] : rolesOf(...EVERY_ROLE), after: `b${nth}` }),
    }),
    play('a role that cannot be retired, and is not noted', {
      RolesToRetire: once({ done: false, items: rolesOf('lost'), after: 'a' }, { done: true, items: [], after: '' }),
    }),
    play('an agent that is installed and waited for', {
      MakePlan: () => ({ ...NO_AGENT, agent: 'install' }),
      InstallAgent: failsOnce('ClusterUnreachable', {}),
      CheckAgent: once(WAITING, READY),
    }),
    play('an agent that does not get ready', { MakePlan: () => ({ ...NO_AGENT, agent: 'install' }), CheckAgent: fails('AgentNotReady') }),
    play('an agent that goes again, in time', {
      MakePlan: () => ({ ...NO_AGENT, agent: 'install' }),
      RemoveAgent: once({ ...WAITING, tries: 1 }, { ...READY, tries: 2 }),
    }),
    play('an agent that does not go again', { MakePlan: () => ({ ...NO_AGENT, agent: 'install' }), RemoveAgent: fails('AccessDenied') }),
    play('add-ons that are waited for ahead of the inventory', { TakeInventory: once(WAITING, READY) }),
    ...retirementPlays(play),
    play('a run that has ended', { OpenRun: (event) => ({ ...RUN, ...event, state: 'ended', status: 'migrated' }) }),
    play('a run that is refused at the door', { OpenRun: fails('ClusterLocked') }),
    play('a cluster that cannot be worked on', { CheckCluster: fails('ConfigMapAuthentication') }),
    play('only a plan', { MakePlan: () => ({ ...NO_AGENT, status: 'planned' }) }),
    play('a run that waits for CloudTrail', { CheckWriters: once(WAITING, READY) }),
    play('a run that ends without CloudTrail', { CheckWriters: fails('LockLost') }),
    play('nothing to do', { MakePlan: () => ({ ...NO_AGENT, status: 'nothing' }) }),
    play(
      'a run that is taken up after its approval',
      { MakePlan: () => ({ ...NO_AGENT, begun: true }) },
      { input: { ...RUN, approval: 'required' } },
    ),
    play('a plan that is approved', {}, { input: { ...RUN, approval: 'required' }, answer: { output: { digest: 'd' } } }),
    play(
      'a plan whose approval fits no more',
      { ConfirmApproval: fails('WorldMoved') },
      { input: { ...RUN, approval: 'required' }, answer: { output: { digest: 'd' } } },
    ),
    play('a plan that is refused', {}, { input: { ...RUN, approval: 'required' }, answer: { error: 'ApprovalMismatch', cause: 'no' } }),
    play(
      'a plan whose approval cannot be asked for',
      { RequestApproval: fails('RunNotFound') },
      { input: { ...RUN, approval: 'required' }, reckoned: ['TaskSubmitted'] },
    ),
  ];
}

/** The functions that retire a daemon, in their order. */
const RETIREMENT = ['OpenRetirement', 'RemoveRules', 'StopDaemon', 'ProveRules'];

/** Every way through the retirement of a daemon. */
function retirementPlays(play: (title: string, acts: Acts) => Play): Play[] {
  const retire = (title: string, acts: Acts): Play => play(title, { NextStep: () => done(['kube2iam']), ...acts });
  const polled = RETIREMENT.slice(1).map((name) => [name, once(WAITING, READY)] as const);
  return [
    retire('a daemon that is retired, with patience', Object.fromEntries(polled)),
    ...RETIREMENT.map((name) =>
      retire(`a daemon whose retirement fails at ${name}`, { [name]: fails('AccessDenied'), RestoreDaemon: once(WAITING, READY) }),
    ),
    retire('a daemon that goes on being restored', { OpenRetirement: () => ({ status: 'restore' }) }),
    retire('a daemon that is left alone', { OpenRetirement: () => ({ status: 'nothing' }) }),
    retire('a daemon that cannot be restored', { StopDaemon: fails('NotFound'), RestoreDaemon: fails('UndoFailed') }),
    retire('a daemon that is lost', {
      StopDaemon: fails('NotFound'),
      RestoreDaemon: fails('UndoFailed'),
      MarkDaemonLost: fails('JournalTooNew'),
    }),
  ];
}

const BACK = { runId: 'r1', unitIds: null, reason: 'asked for' };
const OPENED = {
  runId: 'r1',
  status: 'open',
  reason: 'asked for',
  chosen: null,
  batch: { after: '' },
  agent: { tries: 0 },
  iamWaitSeconds: 1,
};

/** A way back without anything to take back. */
const ROLLBACK: Acts = {
  ClaimExecution: ({ runId }) => ({ ...BACK, runId: runId ?? 'r1', claimed: true }),
  OpenRollback: () => OPENED,
  RollbackBatch: () => ({ done: true, items: [], after: '' }),
  RestoreOldTrust: rolesWritten,
  RevokeTrust: rolesWritten,
  IsolateRoles: CLUSTER.IsolateRoles as Act,
  RestoreDaemon: () => READY,
  RemoveAgent: () => ({ ...READY, tries: 1 }),
  CheckWriters: () => READY,
  CloseRollback: (event) => ({ ...event, status: 'rolled-back' }),
  ...unitActs(),
};

/** One batch of a kind, then none: roles come twice, to be restored ahead of the units and revoked after them. */
const batches = (kind: string, items: readonly object[], times = 1): Act => {
  return (event, nth) => {
    const has = event.kind === kind && nth % 2 === 1 && nth <= 2 * times;
    return { done: !has, items: has ? items : [], after: has ? 'z' : '' };
  };
};

/** Every way through rollback-run. */
export function rollbackPlays(): Play[] {
  const play = (title: string, acts: Acts, more: Partial<Play> = {}): Play => {
    return { title, machine: 'rollback-run', input: BACK, ...more, acts: { ...ROLLBACK, ...acts } };
  };
  const event = { executionArn: 'e1', status: 'FAILED', input: '{"runId":"r1"}', error: 'WaveFailed' };
  return [
    play('units that go back', { RollbackBatch: batches('units', undoBatches()) }),
    play('roles that get their old trust back, and lose ours', {
      RollbackBatch: batches('roles', rolesOf('written', 'unwritten', 'waits', 'throttled', 'killed'), 2),
    }),
    play('roles whose old trust is there', { RollbackBatch: batches('roles', rolesOf('unwritten')) }),
    play('a role that does not get its old trust back', { RollbackBatch: batches('roles', rolesOf('blocked', 'written')) }),
    play('a role that does not get its old trust back, and is not noted', { RollbackBatch: batches('roles', rolesOf('lost')) }),
    play('a role that cannot be narrowed, and is noted', {
      RollbackBatch: (call, nth) => batches('roles', rolesOf('blocked', 'written'))(call, nth - 1),
    }),
    play('a role that cannot be narrowed, and is not noted', {
      RollbackBatch: (call, nth) => batches('roles', rolesOf('lost'))(call, nth - 1),
    }),
    play('a daemon that takes its time to come back', { RestoreDaemon: once(WAITING, READY) }),
    play('a daemon that does not come back', { RestoreDaemon: fails('UndoFailed') }),
    play('an agent that takes its time to go', { RemoveAgent: once({ ...WAITING, tries: 1 }, { ...READY, tries: 2 }) }),
    play('an agent that does not go', { RemoveAgent: fails('AccessDenied') }),
    play('a way back that waits for CloudTrail', { CheckWriters: once(WAITING, READY) }),
    play('a way back that ends without CloudTrail', { CheckWriters: fails('LockLost') }),
    play('nothing to take back', { OpenRollback: () => ({ ...OPENED, status: 'nothing' }) }),
    play(
      'a cluster that another run has still',
      { OpenRollback: (_call, nth) => (nth === 1 ? fails('ClusterLocked')() : OPENED) },
      { waitsLong: true },
    ),
    play('a run that is not there', { OpenRollback: fails('RunNotFound') }),
    play('an execution that failed', {}, { input: event }),
    play('an execution that another one took over', { ClaimExecution: () => ({ ...BACK, claimed: false }) }, { input: event }),
  ];
}

/** Children of the run's maps, by themselves: of each kind of batch, and some that fail, wait or are throttled. */
export function unitPlays(): Play[] {
  const own: Readonly<Record<string, readonly string[]>> = {
    MigrateUnits: ['fail RestartWorkloads', 'throttle ProveCredentials', 'wait CheckRollout', 'half CheckInjection', 'kill Associate'],
    ConfirmUnits: ['fail RemoveAnnotations', 'throttle ConfirmUse', 'wait CheckRenewal', 'half ConfirmUse', 'kill FinishUnits'],
  };
  const kinds = ['plain', 'split', 'addon', 'undo', 'slow undo', 'killed undo', 'lost', 'lost undo'];
  return Object.entries(own).flatMap(([map, others]) =>
    [...kinds, ...others].map((unitId) => ({
      title: `the unit "${unitId}" in ${map}`,
      machine: 'migrate-cluster' as const,
      map,
      input: { runId: 'r1', batch: batchNamed(unitId) },
      acts: unitActs(),
    })),
  );
}
