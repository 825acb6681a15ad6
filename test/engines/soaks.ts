import type { NextStepOutput } from '../../src/migration/run/next-step.ts';
import type { Invoke } from './lambda.ts';

/** The function whose answer lets a run wait for its soaks, by its logical ID. */
export const SOAKS = 'NextStepLambdaFunction';

/** The functions, with shorter soaks for a Step Functions that waits in real time. */
export interface ShortSoaks {
  readonly invoke: Invoke;
  /** How long a run was to wait for soaks, wait by wait, in the seconds that the functions answered. */
  asked(runId: string): readonly number[];
}

/**
 * Lets every wait for a soak take `soakFor` seconds at most. A run that is called before its soak is over waits again, so the soak itself
 * is as long as the time of the functions makes it. `function` is the name in Lambda of {@link SOAKS}.
 */
export function shortSoaks(
  invoke: Invoke,
  { soakFor, function: asks }: { readonly soakFor: number; readonly function: string },
): ShortSoaks {
  const waits = new Map<string, number[]>();
  return {
    invoke: async (called, event) => {
      const { payload, failed } = await invoke(called, event);
      if (called !== asks || failed) return { payload, failed };
      const step = JSON.parse(payload) as NextStepOutput;
      if (step.status !== 'wait') return { payload, failed };
      const { runId } = JSON.parse(event) as { runId: string };
      waits.set(runId, [...(waits.get(runId) ?? []), step.waitSeconds]);
      return { payload: JSON.stringify({ ...step, waitSeconds: Math.min(step.waitSeconds, soakFor) } satisfies NextStepOutput), failed };
    },
    asked: (runId) => waits.get(runId) ?? [],
  };
}
