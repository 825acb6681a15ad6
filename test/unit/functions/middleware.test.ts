import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { accountFunction } from '../../../functions/middleware/account.ts';
import { lambdaFunction } from '../../../functions/middleware/step.ts';
import { createAccountRuntime } from '../../../functions/runtime/account.ts';
import { createLambdaRuntime } from '../../../functions/runtime/lambda.ts';
import { nextNumber, withNumbers } from '../../../src/journal/numbers.ts';
import { withNotesOf } from '../../../src/journal/unit-notes.ts';
import { checkLimits } from '../../../src/migration/run/check-limits.ts';
import type { Runtime } from '../../../src/migration/runtime.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { noCalls } from '../../../src/model/run.ts';
import { intent, unit as unitRecordOf } from '../../contract/journal-records.ts';
import { DEFAULT_LIMITS } from '../fixtures/deployment.ts';
import { beginRun, fakeMigration, planWith, RUN, TARGET } from '../fixtures/fake-migration.ts';

const unitRecord = () => unitRecordOf(RUN);
const SCHEMA = z.strictObject({ runId: z.string(), taskToken: z.string().optional() });

async function counted(calls = { ...noCalls(), eks: 2 }) {
  const fake = await fakeMigration();
  await beginRun(fake, planWith([], []));
  const runtime: Runtime = { ...fake.runtime, takeCalls: () => calls };
  return { fake, runtime, calls: async () => (await fake.runtime.journal.getRun(RUN)).calls };
}

describe('a function', () => {
  it('runs its step over the runtime that it is given, and counts its calls', async () => {
    const { runtime, calls } = await counted();
    const handler = accountFunction(SCHEMA, async (given, { runId }) => ({ runId, same: given === runtime }));
    expect(await handler.withRuntime(runtime)({ runId: RUN })).toEqual({ runId: RUN, same: true });
    expect(await calls()).toMatchObject({ eks: 2 });
  });

  it('numbers and notes for itself, whatever started it', async () => {
    const { runtime, fake } = await counted();
    await fake.runtime.journal.putUnits([unitRecord()]);
    const { unitId } = unitRecord();
    const handler = accountFunction(SCHEMA, async ({ journal }) => {
      await journal.noteUnit(await journal.getUnit(RUN, unitId), { facts: { seen: true } });
      return (await journal.recordIntent(intent(RUN, 'k'))).sequence;
    });
    await withNumbers(3, () =>
      withNotesOf({ runId: RUN, unitId, notes: { facts: { lost: true } } }, async () => {
        // A call that died while it took its numbers.
        void nextNumber(RUN, () => new Promise<number>(() => undefined));
        expect(await handler.withRuntime(runtime)({ runId: RUN })).toBe(1);
      }),
    );
    expect((await fake.runtime.journal.getUnit(RUN, unitId)).facts).toEqual({ seen: true });
  });

  it('refuses input that its schema does not know, naming the field and no value', async () => {
    const { runtime, fake } = await counted(noCalls());
    const handler = lambdaFunction(SCHEMA, async () => 'never').withRuntime(runtime);
    await expect(handler({ runId: RUN, taskTokn: 'secret' })).rejects.toMatchObject({
      name: 'InvalidInput',
      message: expect.stringContaining('taskTokn'),
    });
    await expect(handler({ runId: 7, taskToken: 'secret' })).rejects.toMatchObject({
      name: 'InvalidInput',
      message: expect.stringContaining('runId: '),
    });
    await expect(handler(null)).rejects.toMatchObject({ name: 'InvalidInput' });
    expect(fake.logs.join('\n')).not.toContain('secret');
  });

  it('counts the calls of a failed step, and throws the step’s own error', async () => {
    const { runtime, calls } = await counted();
    const handler = accountFunction(SCHEMA, async () =>
      Promise.reject(new PodshiftError('Throttled', 'slow down', { details: { service: 'eks' } })),
    ).withRuntime(runtime);
    await expect(handler({ runId: RUN })).rejects.toMatchObject({ name: 'Throttled', message: 'slow down' });
    expect(await calls()).toMatchObject({ eks: 2 });
    const unknown = handler({ runId: 'no such run' });
    await expect(unknown).rejects.toMatchObject({ name: 'Throttled' });
  });

  it('names an error that nobody named, and keeps its text to itself', async () => {
    const { runtime, fake } = await counted();
    const failing = (error: unknown) =>
      lambdaFunction(SCHEMA, async () => Promise.reject(error)).withRuntime(runtime)({ runId: RUN, taskToken: 'secret' });
    await expect(failing(new TypeError('Bearer secret'))).rejects.toMatchObject({
      name: 'InternalError',
      message: 'an unexpected TypeError ended the step',
    });
    expect(fake.logs.join('\n')).not.toContain('secret');
  });

  it('makes its runtime from the environment on Lambda, and says which variable is missing', async () => {
    const handler = lambdaFunction(SCHEMA, async () => 'never');
    await expect(handler({ runId: RUN }, {} as Context)).rejects.toMatchObject({
      name: 'InvalidInput',
      message: expect.stringContaining('JOURNAL_TABLE'),
    });
  });
});

describe('the runtime of a Lambda function', () => {
  const ENVIRONMENT = { JOURNAL_TABLE: 'table', LOG_LEVEL: 'ERROR' };

  it('parses its environment strictly', () => {
    expect(() => createLambdaRuntime({ JOURNAL_TABLE: 'table', LOG_LEVEL: 'LOUD' })).toThrow(/LOG_LEVEL/);
    expect(() => createLambdaRuntime({ LOG_LEVEL: 'INFO' })).toThrow(/JOURNAL_TABLE/);
  });

  it('has what the deployer decides, and the strictest of it where the deployment does not say', () => {
    const { deployment } = createLambdaRuntime({ ...ENVIRONMENT, APPROVAL_MODE: 'required', LIMITS: JSON.stringify(DEFAULT_LIMITS) });
    expect(deployment).toEqual({ approvalMode: 'required', limits: DEFAULT_LIMITS });
    const silent = createLambdaRuntime(ENVIRONMENT);
    expect(silent.deployment?.approvalMode).toBe('required-by-another');
    const asked = { target: TARGET, options: migrationOptions.parse({}) };
    expect(() => checkLimits(silent, asked)).toThrow(/allowedProbeImages.*allowedAccounts|allowedAccounts.*allowedProbeImages/);
    for (const LIMITS of ['', '{', '{"clusters":["*"]}']) expect(() => createLambdaRuntime({ ...ENVIRONMENT, LIMITS })).toThrow(/LIMITS/);
    expect(() => createLambdaRuntime({ ...ENVIRONMENT, APPROVAL_MODE: 'none' })).toThrow(/APPROVAL_MODE/);
  });

  it('keeps one set of gateways for a target, and counts from nothing', () => {
    const runtime = createAccountRuntime(ENVIRONMENT);
    expect(runtime.aws(TARGET)).toBe(runtime.aws({ ...TARGET }));
    expect(runtime.aws({ ...TARGET, assumeRoleArn: 'arn:aws:iam::111122223333:role/podshift-member' })).not.toBe(runtime.aws(TARGET));
    expect(runtime.takeCalls()).toEqual(noCalls());
    expect(Math.abs(runtime.clock.now() - Date.now())).toBeLessThan(60_000);
    runtime.logger.info('hello');
    runtime.logger.warn('hello', { a: 1 });
  });
});
