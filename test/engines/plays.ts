import type { ErrorName } from '../../src/model/errors.ts';
import type { StateMachineName } from '../../src/service/executions.ts';
import { type Act, type Acts, fails, failsOnce, once } from './acts.ts';
import { READY, unitActs, unitsOf, WAITING } from './unit-acts.ts';

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
  NextWave: once({ status: 'wave', wave: 0, roleArns: [], unitIds: [], iamWaitSeconds: 0 }, done() as never),
  GrantTrust: () => ({ wrote: true }),
  BlockRole: () => ({ wrote: false }),
  JudgeWave: () => ({ decision: 'continue', reason: '', roleArns: [] }),
  RevokeTrust: () => ({ wrote: true }),
  RolesToRetire: () => ({ done: true, items: [], after: '' }),
  RetireOldTrust: () => ({ wrote: true }),
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

const wave = (contents: object) =>
  once({ status: 'wave', wave: 0, roleArns: [], unitIds: [], iamWaitSeconds: 0, ...contents }, done() as never);

/** Every way through migrate-cluster; `functions` are those of a unit. */
export function clusterPlays(functions: readonly string[]): Play[] {
  const play = (title: string, acts: Acts, more: Partial<Play> = {}): Play => {
    return { title, machine: 'migrate-cluster', input: RUN, ...more, acts: { ...CLUSTER, ...acts } };
  };
  return [
    play('units of every kind, failing, throttled and waiting at every function', { NextWave: wave({ unitIds: unitsOf(functions) }) }),
    play('roles that are written, blocked and revoked', {
      NextWave: wave({ roleArns: ['a', 'b', 'c'] }),
      GrantTrust: (event, nth) => {
        if (event.roleArn === 'b') return fails('TrustPolicyMoved')();
        return event.roleArn === 'c' ? failsOnce('LeaseHeld', { wrote: true })(event, nth) : { wrote: true };
      },
      BlockRole: failsOnce('Conflict', { wrote: false }),
      JudgeWave: failsOnce('ServiceUnavailable', { decision: 'continue', reason: '', roleArns: ['b'] }),
      RevokeTrust: failsOnce('RoleNotReady', { wrote: true }),
    }),
    play('a wave whose trust is not known in the end', {
      NextWave: wave({ roleArns: ['a', 'b'], unitIds: ['plain'] }),
      GrantTrust: ({ roleArn }) => (roleArn === 'a' ? fails('NotFound')() : { wrote: true }),
      BlockRole: fails('JournalTooNew'),
    }),
    play('a role that cannot be narrowed, and is noted', {
      JudgeWave: () => ({ decision: 'continue', reason: '', roleArns: ['a', 'b'] }),
      RevokeTrust: ({ roleArn }) => (roleArn === 'a' ? fails('NotFound')() : { wrote: true }),
    }),
    play('a role that cannot be narrowed, and is not noted', {
      JudgeWave: () => ({ decision: 'continue', reason: '', roleArns: ['a', 'b'] }),
      RevokeTrust: ({ roleArn }) => (roleArn === 'a' ? fails('NotFound')() : { wrote: true }),
      BlockRole: fails('JournalTooNew'),
    }),
    play('roles of which none is written', { NextWave: wave({ roleArns: ['a'] }), GrantTrust: () => ({ wrote: false }) }),
    play('a wave that halts', { JudgeWave: () => ({ decision: 'halt', reason: 'too many failed', roleArns: [] }) }),
    play('a wave that is to be taken back', { JudgeWave: () => ({ decision: 'rollback', reason: 'one failed', roleArns: [] }) }),
    play('roles to retire, in two batches', {
      RolesToRetire: (_event, nth) => ({ done: nth === 3, items: nth === 3 ? [] : [`a${nth}`, `b${nth}`], after: `b${nth}` }),
    }),
    play('a role that cannot be retired, and is noted', {
      RolesToRetire: once({ done: false, items: ['a'], after: 'a' }, { done: true, items: [], after: '' }),
      RetireOldTrust: fails('WideningRefused'),
    }),
    play('a role that cannot be retired, and is not noted', {
      RolesToRetire: once({ done: false, items: ['a'], after: 'a' }, { done: true, items: [], after: '' }),
      RetireOldTrust: fails('WideningRefused'),
      BlockRole: fails('JournalTooNew'),
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
  const retire = (title: string, acts: Acts): Play => play(title, { NextWave: () => done(['kube2iam']), ...acts });
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
  RestoreOldTrust: () => ({ wrote: true }),
  RevokeTrust: () => ({ wrote: true }),
  BlockRole: () => ({ wrote: false }),
  RestoreDaemon: () => READY,
  RemoveAgent: () => ({ ...READY, tries: 1 }),
  CheckWriters: () => READY,
  CloseRollback: (event) => ({ ...event, status: 'rolled-back' }),
  ...unitActs(),
};

/** One batch of a kind, then none: roles come twice, to be restored ahead of the units and revoked after them. */
const batches = (kind: string, items: readonly string[], times = 1): Act => {
  return (event, nth) => {
    const has = event.kind === kind && nth % 2 === 1 && nth <= 2 * times;
    return { done: !has, items: has ? items : [], after: has ? items.at(-1) : '' };
  };
};

/** Every way through rollback-run. */
export function rollbackPlays(): Play[] {
  const play = (title: string, acts: Acts, more: Partial<Play> = {}): Play => {
    return { title, machine: 'rollback-run', input: BACK, ...more, acts: { ...ROLLBACK, ...acts } };
  };
  const event = { executionArn: 'e1', status: 'FAILED', input: '{"runId":"r1"}', error: 'WaveFailed' };
  return [
    play('units that go back', { RollbackBatch: batches('units', ['plain', 'wait UndoUnit', 'lost', 'needs-operator']) }),
    play('roles that get their old trust back, and lose ours', {
      RollbackBatch: batches('roles', ['a', 'b'], 2),
      RestoreOldTrust: failsOnce('Throttled', { wrote: true }),
    }),
    play('roles whose old trust is there', { RollbackBatch: batches('roles', ['a']), RestoreOldTrust: () => ({ wrote: false }) }),
    play('a role that does not get its old trust back', {
      RollbackBatch: batches('roles', ['a', 'b']),
      RestoreOldTrust: ({ roleArn }) => (roleArn === 'a' ? fails('UndoFailed')() : { wrote: true }),
    }),
    play('a role that does not get its old trust back, and is not noted', {
      RollbackBatch: batches('roles', ['a']),
      RestoreOldTrust: fails('UndoFailed'),
      BlockRole: fails('JournalTooNew'),
    }),
    play('a role that cannot be narrowed, and is noted', {
      RollbackBatch: (call, nth) => batches('roles', ['a', 'b'])(call, nth - 1),
      RevokeTrust: ({ roleArn }) => (roleArn === 'a' ? fails('NotFound')() : { wrote: true }),
    }),
    play('a role that cannot be narrowed, and is not noted', {
      RollbackBatch: (call, nth) => batches('roles', ['a'])(call, nth - 1),
      RevokeTrust: fails('NotFound'),
      BlockRole: fails('JournalTooNew'),
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

/** Children of MigrateUnits, by themselves: of each kind of unit, and some that fail, wait or are throttled. */
export function unitPlays(): Play[] {
  const kinds = ['plain', 'split', 'addon', 'ended', 'undo', 'needs-operator', 'lost'];
  const others = ['fail RestartWorkloads', 'throttle ProveCredentials', 'wait CheckRollout', 'wait UndoUnit', 'wait CheckRenewal'];
  return [...kinds, ...others].map((unitId) => ({
    title: `the unit "${unitId}"`,
    machine: 'migrate-cluster',
    map: 'MigrateUnits',
    input: { runId: 'r1', unitId },
    acts: unitActs(),
  }));
}
