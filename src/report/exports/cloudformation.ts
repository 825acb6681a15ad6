import { CLOUDFORMATION_NAMES, namesFor } from './names.ts';
import { bullets, headOf, json, type Part, type Renderer, roleFiles, trustFiles, yaml } from './part.ts';
import type { ExportedUnit } from './source.ts';
import { annotationSteps } from './steps.ts';

/**
 * CloudFormation: a template of `AWS::EKS::PodIdentityAssociation` with what an import change set needs (the resource's identifier is
 * its `AssociationArn`), the statements of each role, and what changes in `AWS::EKS::Addon`.
 */
export const cloudformation: Renderer = (part) => {
  const names = logicalIds(part);
  const files = roleFiles(part);
  const imports = part.associations.filter(({ association }) => association?.arn != null);
  return {
    files: [
      ...(part.associations.length === 0 ? [] : [{ path: 'associations.yaml', content: template(part, names) }]),
      ...(imports.length === 0
        ? []
        : [{ path: 'resources-to-import.json', content: json(imports.map((unit) => toImport(unit, names.get(unit.id) ?? ''))) }]),
      ...trustFiles(part, files),
      ...(part.addons.length === 0 ? [] : [{ path: 'addons.yaml', content: addons(part) }]),
    ],
    steps: [
      ...(part.roles.length === 0
        ? []
        : [
            `Add podshift's statements (\`trust/NAME.statements.json\`; the whole document as it is now is \`trust/NAME.json\`) to \`AssumeRolePolicyDocument\` of each role:\n\n${bullets(part.roles.map(({ roleArn }) => `${roleArn}: \`trust/${files.get(roleArn)}\``))}`,
          ]),
      ...associationSteps(part),
      ...(part.addons.length === 0 ? [] : ['Change each `AWS::EKS::Addon` as `addons.yaml` says: `ServiceAccountRoleArn` goes.']),
      ...annotationSteps(part),
    ],
  };
};

/** The logical id of each unit's association, `PodIdentity` and its name. Pure. */
export function logicalIds({ associations }: Part): ReadonlyMap<string, string> {
  const names = namesFor(
    associations.map(({ id }) => id),
    CLOUDFORMATION_NAMES,
  );
  return new Map([...names].map(([id, name]) => [id, `PodIdentity${name}`.slice(0, CLOUDFORMATION_NAMES.longest)]));
}

function template(part: Part, names: ReadonlyMap<string, string>): string {
  const resources = part.associations.map((unit) => {
    const tags = Object.entries(unit.association?.tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
    return [
      names.get(unit.id),
      {
        Type: 'AWS::EKS::PodIdentityAssociation',
        // An import wants the first; the second keeps pods their role when a property is changed.
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: {
          ClusterName: part.cluster.name,
          Namespace: unit.namespace,
          ServiceAccount: unit.serviceAccount,
          RoleArn: unit.roleArn,
          ...(tags.length === 0 ? {} : { Tags: tags }),
        },
      },
    ] as const;
  });
  const body = { AWSTemplateFormatVersion: '2010-09-09', Resources: Object.fromEntries(resources) };
  return `${headOf(part, '#')}${yaml(body)}`;
}

function toImport({ association }: ExportedUnit, logicalId: string): object {
  return {
    ResourceType: 'AWS::EKS::PodIdentityAssociation',
    LogicalResourceId: logicalId,
    ResourceIdentifier: { AssociationArn: association?.arn },
  };
}

function addons(part: Part): string {
  const body = part.addons.map(({ name, associations }) => ({
    AddonName: name,
    PodIdentityAssociations: associations.map(({ serviceAccount, roleArn }) => ({ ServiceAccount: serviceAccount, RoleArn: roleArn })),
  }));
  return `${headOf(part, '#')}# Properties of the AWS::EKS::Addon of each name; ServiceAccountRoleArn goes.\n${yaml(body)}`;
}

function associationSteps({ of, associations }: Part): string[] {
  if (associations.length === 0) return [];
  return of === 'run'
    ? [
        'Add the resources of `associations.yaml` to the template of the stack, and import them: `aws cloudformation create-change-set --stack-name STACK --change-set-name podshift --change-set-type IMPORT --resources-to-import file://resources-to-import.json --template-body file://TEMPLATE`. The change set must import them and change nothing else; then `aws cloudformation execute-change-set --stack-name STACK --change-set-name podshift`.',
      ]
    : [
        'Merge `associations.yaml` only after the run: an association that exists before switches pods without any proof. Export the run then (`podshift export RUN`): it has what the import needs.',
      ];
}
