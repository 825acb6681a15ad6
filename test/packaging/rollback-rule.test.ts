import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { loadPackagedService } from '../../engine/packaged-service.ts';
import { type Rehearsal, rehearse } from '../../engine/rehearsal.ts';
import type { Service } from '../../engine/service.ts';
import { runStateMachine } from '../../engine/state-machine.ts';
import { isPodshiftError, PodshiftError } from '../../src/model/errors.ts';
import type { Packaged } from '../support/package-service.ts';
import { packaged } from '../support/packaged.ts';

interface Rule {
  readonly EventPattern: {
    readonly source: readonly string[];
    readonly 'detail-type': readonly string[];
    readonly detail: { readonly stateMachineArn: readonly { Ref: string }[]; readonly status: readonly string[] };
  };
  readonly Targets: readonly { readonly InputPath: string; readonly Arn: { Ref: string }; readonly DeadLetterConfig: unknown }[];
}

const EXECUTION = 'arn:aws:states:eu-central-1:444455556666:execution:podshift-migrate-cluster-prod:first';
const START = Date.UTC(2026, 0, 5, 9);

/** What the rule hands to its target of an event about an execution of migrate-cluster; undefined where it does not match. */
function handedOn(rule: Rule, detail: Record<string, unknown>): unknown {
  const { EventPattern: pattern, Targets } = rule;
  const matches =
    pattern.source.includes('aws.states') &&
    pattern['detail-type'].includes('Step Functions Execution Status Change') &&
    pattern.detail.stateMachineArn.some(({ Ref }) => Ref === 'MigrateCluster') &&
    pattern.detail.status.includes(String(detail.status));
  expect(Targets[0]).toMatchObject({ InputPath: '$.detail', Arn: { Ref: 'RollbackRunAlias' } });
  return matches ? detail : undefined;
}

describe('the rule that takes a failed run back', () => {
  let service: Service;
  let rule: Rule;
  let template: Packaged['template'];

  beforeAll(async () => {
    const made = await packaged();
    template = made.template;
    rule = template.Resources.RollbackRule?.Properties as unknown as Rule;
    service = await loadPackagedService(made.folder);
  }, 600_000);

  /** A planned cluster, and executions over it. */
  async function scene() {
    let left = Number.POSITIVE_INFINITY;
    const death = new AbortController();
    const rehearsal: Rehearsal = await rehearse({
      snapshot: 'examples/shop',
      startAt: START,
      journal: 'memory',
      mode: 'plan',
      hooks: {
        beforeRequest: (request) => {
          if (request.write) left -= 1;
          if (left === 0) death.abort(new PodshiftError('ServiceUnavailable', 'the execution is aborted'));
          return undefined;
        },
      },
    });
    onTestFinished(() => rehearsal.close());
    const { runtime, clock, target, twin } = rehearsal;
    const shared = { runtime, clock: clock.engine, service };
    const options = { namespaces: ['media', 'shop'], soakSeconds: 60, injectionChecks: 3 };
    const input = { runId: 'a'.repeat(26), target, mode: 'run', approval: 'none', expectedDigest: null, options };
    return {
      ...rehearsal,
      writes: () => twin.requests.filter((request) => request.write).length,
      /** Runs migrate-cluster, aborted at its write of this number, and answers with the event's detail. */
      migrate: async (executionArn: string, changes: object = {}, writes = Number.POSITIVE_INFINITY) => {
        left = writes;
        const given = { ...input, ...changes };
        const detail = { executionArn, input: JSON.stringify(given), inputDetails: { included: true }, output: null };
        try {
          await runStateMachine({ ...shared, name: 'migrate-cluster', executionId: executionArn, input: given, signal: death.signal });
          return { ...detail, status: 'SUCCEEDED', error: null };
        } catch (error) {
          left = Number.POSITIVE_INFINITY;
          if (death.signal.aborted) return { ...detail, status: 'ABORTED', error: null };
          return { ...detail, status: 'FAILED', error: isPodshiftError(error) ? error.name : 'Error' };
        }
      },
      takeBack: (detail: unknown, executionId: string) => runStateMachine({ ...shared, name: 'rollback-run', executionId, input: detail }),
      runId: input.runId,
    };
  }

  it.each([3, 12, 20])(
    'takes it back where the execution is aborted at its write number %i, however often the event comes',
    async (number) => {
      const { migrate, takeBack, twin, writes, journal, runId } = await scene();
      const detail = handedOn(rule, await migrate(EXECUTION, {}, number));
      const outputs = await Promise.all([takeBack(detail, 'back-1'), takeBack(detail, 'back-2')]);
      expect(outputs).toContainEqual({ runId, status: 'rolled-back' });
      expect(outputs).toContainEqual({ runId, status: null });
      expect(twin.watch.compareWithBaseline()).toEqual([]);
      expect(twin.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
      expect((await journal.getRun(runId)).reason).toContain('ABORTED');
      const before = writes();
      expect(await takeBack(detail, 'back-3')).toEqual({ runId, status: null });
      expect(writes()).toBe(before);
    },
  );

  it.each([
    ['other', "another cluster's run", { target: { clusterName: 'other', region: 'eu-central-1', assumeRoleArn: null } }],
    ['unreadable', 'options that nobody knows', { options: { unknown: true } }],
  ])('leaves a run alone whose id an execution was refused for: %s: %s', async (name, _what, changes) => {
    const { migrate, takeBack, writes, journal, runId } = await scene();
    expect(handedOn(rule, await migrate(EXECUTION))).toBeUndefined();
    const before = writes();
    const refused = await migrate(`${EXECUTION}-${name}`, changes);
    expect(refused).toMatchObject({ status: 'FAILED', error: 'InvalidInput' });
    expect(await takeBack(handedOn(rule, refused), 'back-1')).toEqual({ runId, status: null });
    expect(writes()).toBe(before);
    expect((await journal.getRun(runId)).status).toBe('migrated');
  });

  it('comes to the same end beside a way back that somebody asked for', async () => {
    const { migrate, takeBack, twin, writes, runId } = await scene();
    const detail = await migrate(EXECUTION, {}, 20);
    const asked = { runId, unitIds: null, reason: 'asked for' };
    await Promise.all([takeBack(asked, 'back-1'), takeBack(detail, 'back-2')]);
    expect(twin.watch.compareWithBaseline()).toEqual([]);
    expect(twin.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
    const before = writes();
    expect(await takeBack(asked, 'back-3')).toEqual({ runId, status: 'rolled-back' });
    expect(writes()).toBe(before);
  });

  it('ends a run that found its cluster taken, and writes nothing', async () => {
    const { migrate, takeBack, writes, journal, runId, report } = await scene();
    await journal.acquireLock(report.run.cluster, 'other-run', 900);
    const detail = await migrate(EXECUTION);
    expect(detail).toMatchObject({ status: 'FAILED', error: 'ClusterLocked' });
    expect(await takeBack(handedOn(rule, detail), 'back-1')).toEqual({ runId, status: 'held' });
    expect(writes()).toBe(0);
  });

  it('keeps what cannot be delivered, in a queue that EventBridge may write to', () => {
    expect(rule.Targets[0]?.DeadLetterConfig).toEqual({ Arn: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] } });
    expect(template.Resources.DeadLettersPolicy?.Properties).toMatchObject({
      Queues: [{ Ref: 'DeadLetters' }],
      PolicyDocument: { Statement: [{ Principal: { Service: 'events.amazonaws.com' }, Action: 'sqs:SendMessage' }] },
    });
  });
});
