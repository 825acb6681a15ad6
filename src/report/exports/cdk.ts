import { logicalIds } from './cloudformation.ts';
import { bullets, headOf, json, type Part, type Renderer, roleFiles, trustFiles } from './part.ts';
import { annotationSteps } from './steps.ts';

/** The AWS CDK in TypeScript: a construct of `CfnPodIdentityAssociation` whose logical ids `cdk import --resource-mapping` finds. */
export const cdk: Renderer = (part) => {
  const names = logicalIds(part);
  const files = roleFiles(part);
  const imports = part.associations.filter(({ association }) => association?.arn != null);
  const mapping = Object.fromEntries(imports.map(({ id, association }) => [names.get(id) ?? '', { AssociationArn: association?.arn }]));
  return {
    files: [
      ...(part.associations.length === 0 ? [] : [{ path: 'pod-identity-associations.ts', content: construct(part, names) }]),
      ...(imports.length === 0 ? [] : [{ path: 'resource-mapping.json', content: json(mapping) }]),
      ...trustFiles(part, files),
    ],
    steps: [
      ...(part.roles.length === 0
        ? []
        : [
            `Add podshift's statements to each role: \`role.assumeRolePolicy?.addStatements(...statements.map((one) => iam.PolicyStatement.fromJson(one)))\`, with the statements of \`trust/NAME.statements.json\`:\n\n${bullets(part.roles.map(({ roleArn }) => `${roleArn}: \`trust/${files.get(roleArn)}\``))}`,
          ]),
      ...associationSteps(part),
      ...(part.addons.length === 0
        ? []
        : [
            `Give each \`CfnAddon\` its associations, and take \`serviceAccountRoleArn\` out:\n\n${bullets(part.addons.map(({ name, associations }) => `${name}: \`podIdentityAssociations: ${JSON.stringify(associations)}\``))}`,
          ]),
      ...annotationSteps(part),
    ],
  };
};

function construct(part: Part, names: ReadonlyMap<string, string>): string {
  const rows = part.associations.map(({ id, namespace, serviceAccount, roleArn, association }) => {
    const tags = Object.entries(association?.tags ?? {}).map(([key, value]) => ({ key, value }));
    const row = { id: names.get(id), namespace, serviceAccount, roleArn, ...(tags.length === 0 ? {} : { tags }) };
    return `  ${JSON.stringify(row)},`;
  });
  return `${headOf(part, '//')}import { RemovalPolicy } from 'aws-cdk-lib';
import { CfnPodIdentityAssociation } from 'aws-cdk-lib/aws-eks';
import { Construct } from 'constructs';

const ASSOCIATIONS: { id: string; namespace: string; serviceAccount: string; roleArn: string; tags?: { key: string; value: string }[] }[] = [
${rows.join('\n')}
];

/** EKS Pod Identity associations of the cluster ${part.cluster.name}. */
export class PodIdentityAssociations extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    for (const { id: logicalId, ...association } of ASSOCIATIONS) {
      const resource = new CfnPodIdentityAssociation(this, logicalId, { clusterName: ${JSON.stringify(part.cluster.name)}, ...association });
      resource.overrideLogicalId(logicalId);
      resource.applyRemovalPolicy(RemovalPolicy.RETAIN);
    }
  }
}
`;
}

function associationSteps({ of, associations }: Part): string[] {
  if (associations.length === 0) return [];
  return of === 'run'
    ? [
        'Add `new PodIdentityAssociations(this, "PodIdentity")` to the stack, and import them: `cdk import --resource-mapping resource-mapping.json`. `cdk diff` must show no difference afterwards.',
      ]
    : [
        'Merge `pod-identity-associations.ts` only after the run: an association that exists before switches pods without any proof. Export the run then (`podshift export RUN`): it has what `cdk import` needs.',
      ];
}
