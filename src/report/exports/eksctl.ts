import { bullets, headOf, type Part, type Renderer, roleFiles, trustFiles, yaml } from './part.ts';
import { annotationSteps } from './steps.ts';

/** eksctl: what goes into the cluster's configuration file (eksctl.io/v1alpha5): `iam.podIdentityAssociations` and those of add-ons. */
export const eksctl: Renderer = (part) => {
  const files = roleFiles(part);
  const isEmpty = part.associations.length === 0 && part.addons.length === 0;
  return {
    files: [
      ...(isEmpty ? [] : [{ path: 'cluster.yaml', content: `${headOf(part, '#')}${yaml(clusterConfig(part))}` }]),
      ...trustFiles(part, files),
    ],
    steps: [...trustSteps(part, files), ...associationSteps(part), ...annotationSteps(part)],
  };
};

function clusterConfig({ cluster, associations, addons }: Part): object {
  const list = associations.map(({ namespace, serviceAccount, roleArn, association }) => ({
    namespace,
    serviceAccountName: serviceAccount,
    roleARN: roleArn,
    ...(Object.keys(association?.tags ?? {}).length === 0 ? {} : { tags: association?.tags }),
  }));
  return {
    apiVersion: 'eksctl.io/v1alpha5',
    kind: 'ClusterConfig',
    metadata: { name: cluster.name, region: cluster.region },
    ...(list.length === 0 ? {} : { iam: { podIdentityAssociations: list } }),
    ...(addons.length === 0
      ? {}
      : {
          addons: addons.map((addon) => ({
            name: addon.name,
            podIdentityAssociations: addon.associations.map(({ serviceAccount, roleArn }) => ({
              serviceAccountName: serviceAccount,
              roleARN: roleArn,
            })),
          })),
        }),
  };
}

function trustSteps({ roles, cluster }: Part, files: ReadonlyMap<string, string>): string[] {
  if (roles.length === 0) return [];
  return [
    `The roles that eksctl made stand in CloudFormation stacks of its own, \`eksctl-${cluster.name}-addon-iamserviceaccount-NAMESPACE-NAME\`. eksctl writes them again only when their service account is created or updated by it: take those out of \`iam.serviceAccounts\`. Do not run \`eksctl delete iamserviceaccount\`: it deletes the role. What the trust policy has now:\n\n${bullets(roles.map(({ roleArn }) => `${roleArn}: \`trust/${files.get(roleArn)}.json\``))}`,
  ];
}

function associationSteps({ of, associations, addons, cluster }: Part): string[] {
  if (associations.length === 0 && addons.length === 0) return [];
  const parts = [
    ...(associations.length === 0 ? [] : ['`iam.podIdentityAssociations`']),
    ...(addons.length === 0 ? [] : ["each add-on's `podIdentityAssociations` (its `serviceAccountRoleARN` and `attachPolicyARNs` go)"]),
  ];
  return of === 'run'
    ? [
        `Put ${parts.join(' and ')} of \`cluster.yaml\` into the configuration file. The associations are there: \`eksctl get podidentityassociation --cluster ${cluster.name}\` lists them. Do not run \`eksctl create podidentityassociation\` with them: EKS refuses a second one for a service account.`,
      ]
    : [
        `After the run, put ${parts.join(' and ')} of \`cluster.yaml\` into the configuration file; not before: an association that exists before switches pods without any proof.`,
      ];
}
