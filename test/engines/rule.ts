import type { ExecutionStatus, Executions } from '../../src/service/executions.ts';
import type { Template } from '../support/package-service.ts';

/** A rule of EventBridge over Step Functions' events, as far as the template uses it. */
interface Rule {
  readonly EventPattern?: { readonly detail?: { readonly stateMachineArn?: readonly unknown[]; readonly status?: readonly string[] } };
  readonly Targets?: readonly {
    readonly Arn: { readonly Ref?: string };
    readonly InputTransformer?: { readonly InputPathsMap: Readonly<Record<string, string>>; readonly InputTemplate: string };
  }[];
}

/** How an execution of migrate-cluster ended, as Step Functions tells EventBridge ("Step Functions Execution Status Change"). */
export interface StatusChange {
  readonly name: string;
  /** The execution's input, as text. */
  readonly input: string;
  readonly status: ExecutionStatus;
}

/**
 * Does what EventBridge does with the template's rules, which moto's does not hear of: starts rollback-run with the input
 * that the rule makes of the event. Answers with the name of what it started, or undefined where no rule wants the event.
 */
export async function applyRules(template: Template, executions: Executions, change: StatusChange): Promise<string | undefined> {
  const rules = Object.values(template.Resources)
    .filter(({ Type }) => Type === 'AWS::Events::Rule')
    .map(({ Properties }) => Properties as Rule);
  for (const { EventPattern, Targets = [] } of rules) {
    const { stateMachineArn = [], status = [] } = EventPattern?.detail ?? {};
    const wanted = stateMachineArn.some((arn) => JSON.stringify(arn) === '{"Ref":"MigrateCluster"}') && status.includes(change.status);
    const target = Targets.find(({ Arn }) => Arn.Ref === 'RollbackRun');
    if (!wanted || target?.InputTransformer === undefined) continue;
    const name = `${change.name}-after-failure`;
    await executions.start('rollback-run', name, JSON.parse(transformed(target.InputTransformer, { detail: change })));
    return name;
  }
  return undefined;
}

/** EventBridge's input transformer: `<name>` in the template is the value at the path of that name, as JSON. */
function transformed(
  { InputPathsMap, InputTemplate }: { readonly InputPathsMap: Readonly<Record<string, string>>; readonly InputTemplate: string },
  event: object,
): string {
  return InputTemplate.replace(/<([\w-]+)>/g, (_match, name: string) => JSON.stringify(valueAt(event, InputPathsMap[name] ?? '')));
}

function valueAt(event: unknown, path: string): unknown {
  const keys = path.replace(/^\$\.?/, '').split('.');
  return keys.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], event) ?? null;
}
