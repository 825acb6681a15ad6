import { migrationOptions } from '../src/model/options.ts';
import type { MigrationInput, Setting } from './local-migration.ts';
import { ROOT } from './root.ts';
import { importHandler, type Service } from './service.ts';

/** The functions that `migrate-cluster` calls on its way to a plan, as serverless.yml declares them. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  OpenRunLambdaFunction: 'open-run',
  CheckClusterLambdaFunction: 'check-cluster',
  TakeInventoryLambdaFunction: 'take-inventory',
  MakePlanLambdaFunction: 'make-plan',
  CloseRunLambdaFunction: 'close-run',
};

/** Those functions, found without serverless.yml. */
export const PLAN_FUNCTIONS: Pick<Service, 'handler'> = {
  handler: (id) => {
    const file = FUNCTIONS[id];
    return importHandler(ROOT, file === undefined ? undefined : `functions/migrate-cluster/${file}.handler`, id);
  },
};

/**
 * Makes a plan as `migrate-cluster` does where nothing fails: the same functions with the same inputs, one after another. Reading the
 * definitions and what carries them out takes longer than many a plan; its straight line needs neither, and a test holds it to them.
 * Answers false where anything failed: the run is there then, and the state machine takes it up and knows what to try again. Throws the
 * signal's reason between two functions.
 */
export async function planStraight({
  runtime,
  clock,
  signal,
  input,
  functions = PLAN_FUNCTIONS,
}: Setting & {
  readonly input: MigrationInput & { readonly mode: 'plan' };
  readonly functions?: Pick<Service, 'handler'>;
}): Promise<boolean> {
  const call = async (id: string, event: unknown): Promise<unknown> => {
    signal?.throwIfAborted();
    return clock.busy(async () => (await functions.handler(id)).withRuntime(runtime)(event));
  };
  const { runId, mode, expectedDigest } = input;
  const whole = { ...input, options: migrationOptions.parse(input.options) };
  try {
    const executionId = `migrate-cluster-${runtime.ids.next()}`;
    const opened = await call('OpenRunLambdaFunction', { ...whole, executionId, input: whole });
    if ((opened as { readonly state?: unknown }).state !== 'open') return false;
    await call('CheckClusterLambdaFunction', { runId, mode });
    await call('TakeInventoryLambdaFunction', { runId, mode });
    await call('MakePlanLambdaFunction', { runId, mode, expectedDigest });
    await call('CloseRunLambdaFunction', { runId, ending: 'planned', reason: '' });
    return true;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}
