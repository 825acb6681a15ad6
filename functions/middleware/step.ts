import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import type { z } from 'zod';
import { withRequestNotes } from '../../src/audit/request-notes.ts';
import { withRun } from '../../src/audit/run-session.ts';
import { withNumbers } from '../../src/journal/numbers.ts';
import { withoutNotes } from '../../src/journal/unit-notes.ts';
import type { JournalRuntime } from '../../src/migration/runtime.ts';
import { namedError, PodshiftError } from '../../src/model/errors.ts';
import { schemaProblems } from '../../src/model/text/schema-problems.ts';
import { logFieldsOf, withLogFields } from '../../src/service/log-context.ts';

/** A step of a state machine: plain JSON in, plain JSON out, all effects through the runtime. Safe to run twice. */
export type Step<Input, Output, Reach extends JournalRuntime = JournalRuntime> = (runtime: Reach, input: Input) => Promise<Output>;

/** A Lambda handler that can also run over a runtime that is handed in, through the same chain. */
export interface StepHandler<Output, Reach extends JournalRuntime = JournalRuntime> {
  /** What Lambda calls: the runtime is made from the environment, once per cold start. */
  (event: unknown, context: Context): Promise<Output>;
  /** What the local engine calls. */
  withRuntime(runtime: Reach): (event: unknown) => Promise<Output>;
}

/**
 * Wraps a step as a Lambda function: the event is parsed strictly (`InvalidInput` names the wrong fields), the step runs,
 * and whatever it throws leaves as a `PodshiftError`, whose `name` is what Step Functions matches in `ErrorEquals`. Events
 * are never logged: one of them carries a task token. A step that needs more than the journal is wrapped by
 * `accountFunction` (account.ts) or `clusterFunction` (cluster.ts), which count its requests too.
 */
export function lambdaFunction<Schema extends z.ZodType, Output>(
  schema: Schema,
  step: Step<z.output<Schema>, Output>,
): StepHandler<Output> {
  return stepFunction(schema, step, runtimeOfEnvironment);
}

/** A step as a Lambda function over the runtime that `runtimeOfEnvironment` makes at its first use, with more middleware `around` it. */
export function stepFunction<Schema extends z.ZodType, Output, Reach extends JournalRuntime>(
  schema: Schema,
  step: Step<z.output<Schema>, Output, Reach>,
  runtimeOfEnvironment: () => Promise<Reach>,
  around: readonly ((getRuntime: () => Promise<Reach>) => middy.MiddlewareObj<unknown, unknown>)[] = [],
): StepHandler<Output, Reach> {
  const chain = (getRuntime: () => Promise<Reach>) =>
    middy<unknown, Output, Error, Context>(async (event: unknown) => step(await getRuntime(), event as z.output<Schema>))
      .use(loggedEnd(getRuntime))
      .use(namedErrors(getRuntime))
      .use(around.map((middleware) => middleware(getRuntime)))
      .use(strictInput(schema));
  const onLambda = chain(runtimeOfEnvironment);
  return Object.assign((event: unknown, context: Context): Promise<Output> => oneStep(event, context, () => onLambda(event, context)), {
    withRuntime(runtime: Reach) {
      const local = chain(async () => runtime);
      return (event: unknown): Promise<Output> => oneStep(event, {}, () => local(event, {} as Context));
    },
  });
}

/** One invocation: its log lines, its sessions and requests name its run, and what it sends is noted for the journal. */
function oneStep<Output>(event: unknown, context: Parameters<typeof logFieldsOf>[1], work: () => Promise<Output>): Promise<Output> {
  // Whoever started it may be another call of this process, which has its own numbers and notes, and may be dead.
  const alone = () => withNumbers(1, () => withoutNotes(work));
  return withLogFields(logFieldsOf(event, context), () => withRun(runIdOf(event), () => withRequestNotes(alone)));
}

let runtime: Promise<JournalRuntime> | undefined;

/** Imported on first use, so that the local engine loads neither the environment nor the clients that it does not need. */
function runtimeOfEnvironment(): Promise<JournalRuntime> {
  runtime ??= import('../runtime/lambda.ts').then((module) => module.createLambdaRuntime(process.env));
  return runtime;
}

function strictInput(schema: z.ZodType): middy.MiddlewareObj<unknown, unknown> {
  return {
    before: (request) => {
      const parsed = schema.safeParse(request.event);
      if (!parsed.success) {
        throw new PodshiftError('InvalidInput', `the input of this step is wrong: ${schemaProblems(parsed.error)}`);
      }
      request.event = parsed.data;
    },
  };
}

/** One line for each step that ended well; one that failed has its error's. */
function loggedEnd(getRuntime: () => Promise<JournalRuntime>): middy.MiddlewareObj<unknown, unknown> {
  return {
    after: async () => (await getRuntime()).logger.info('done'),
  };
}

function namedErrors(getRuntime: () => Promise<JournalRuntime>): middy.MiddlewareObj<unknown, unknown> {
  return {
    onError: async (request) => {
      const { logger } = await getRuntime();
      const error = namedError(request.error);
      logger.error(error.message, { error: error.name, code: error.code, ...error.details });
      throw error;
    },
  };
}

/** The run that an event names. */
export function runIdOf(event: unknown): string | undefined {
  const id = typeof event === 'object' && event !== null ? (event as Readonly<Record<string, unknown>>).runId : undefined;
  return typeof id === 'string' ? id : undefined;
}
