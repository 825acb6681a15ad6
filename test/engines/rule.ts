import type { Executions } from '../../src/service/executions.ts';
import type { Template } from '../support/package-service.ts';

/** A rule of EventBridge over Step Functions' events, as far as the template uses it. */
interface Rule {
  readonly EventPattern?: { readonly detail?: { readonly stateMachineArn?: readonly unknown[]; readonly status?: readonly string[] } };
  readonly Targets?: readonly { readonly Arn: { readonly Ref?: string }; readonly InputPath?: string }[];
}

/** The `detail` of the event "Step Functions Execution Status Change", as far as rules and their targets look at it. */
export interface StatusChange {
  readonly executionArn: string;
  readonly name: string;
  readonly status: string;
  /** JSON text. */
  readonly input: string;
  readonly error: string | null;
}

/**
 * Does what EventBridge does with the template's rules over migrate-cluster, which moto's does not hear of: starts
 * rollback-run with what the rule hands on. Answers with the name of what it started, or undefined where no rule wants the event.
 */
export async function applyRules(template: Template, executions: Executions, change: StatusChange): Promise<string | undefined> {
  const rules = Object.values(template.Resources)
    .filter(({ Type }) => Type === 'AWS::Events::Rule')
    .map(({ Properties }) => Properties as Rule);
  for (const { EventPattern, Targets = [] } of rules) {
    const { stateMachineArn = [], status = [] } = EventPattern?.detail ?? {};
    const wanted = stateMachineArn.some((arn) => JSON.stringify(arn) === '{"Ref":"MigrateCluster"}') && status.includes(change.status);
    const target = Targets.find(({ Arn }) => Arn.Ref === 'RollbackRunAlias');
    if (!wanted || target === undefined) continue;
    if (target.InputPath !== '$.detail') throw new Error(`the rule hands on ${target.InputPath}, which is not looked at here`);
    const name = `${change.name}-after-failure`;
    await executions.start('rollback-run', name, change);
    return name;
  }
  return undefined;
}
