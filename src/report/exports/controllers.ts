import { KUBERNETES_NAMES, namesFor } from './names.ts';
import { bullets, headOf, type Part, type Renderer, roleFiles, trustFiles, yaml } from './part.ts';
import type { ExportedUnit } from './source.ts';
import { annotationSteps } from './steps.ts';

/**
 * AWS Controllers for Kubernetes: `PodIdentityAssociation` of eks.services.k8s.aws that adopts what is there (the controller's
 * `PopulateResourceFromAnnotation` takes clusterName and associationID), and keeps it when the object is deleted.
 */
export const ack: Renderer = (part) =>
  objects(part, {
    role: '`spec.assumeRolePolicyDocument` of the `Role` (iam.services.k8s.aws)',
    objectOf: ({ namespace, serviceAccount, roleArn, association }, name) => ({
      apiVersion: 'eks.services.k8s.aws/v1alpha1',
      kind: 'PodIdentityAssociation',
      metadata: {
        name,
        annotations: {
          'services.k8s.aws/region': part.cluster.region,
          'services.k8s.aws/deletion-policy': 'retain',
          ...(association?.id == null
            ? {}
            : {
                'services.k8s.aws/adoption-policy': 'adopt',
                'services.k8s.aws/adoption-fields': JSON.stringify({ clusterName: part.cluster.name, associationID: association.id }),
              }),
        },
      },
      spec: { clusterName: part.cluster.name, namespace, serviceAccount, roleARN: roleArn, ...tagsOf(association) },
    }),
    adopted: 'Each object must show the condition ACK.ResourceSynced, and `status.associationID` as it is named in the file.',
  });

/**
 * Crossplane (provider-aws-eks of Upbound): `PodIdentityAssociation` of eks.aws.upbound.io, whose external name is the id of the
 * association, and which leaves it there when the object is deleted.
 */
export const crossplane: Renderer = (part) =>
  objects(part, {
    role: '`spec.forProvider.assumeRolePolicy` of the `Role` (iam.aws.upbound.io)',
    objectOf: ({ namespace, serviceAccount, roleArn, association }, name) => ({
      apiVersion: 'eks.aws.upbound.io/v1beta1',
      kind: 'PodIdentityAssociation',
      metadata: { name, ...(association?.id == null ? {} : { annotations: { 'crossplane.io/external-name': association.id } }) },
      spec: {
        deletionPolicy: 'Orphan',
        forProvider: {
          region: part.cluster.region,
          clusterName: part.cluster.name,
          namespace,
          serviceAccount,
          roleArn,
          ...tagsOf(association),
        },
      },
    }),
    adopted: 'Each object must become Synced and Ready, and `status.atProvider.associationId` be the one of the file.',
  });

interface Controller {
  /** Where a role's document stands in its objects. */
  readonly role: string;
  readonly objectOf: (unit: ExportedUnit, name: string) => object;
  /** How a person sees that nothing was made anew. */
  readonly adopted: string;
}

function objects(part: Part, { role, objectOf, adopted }: Controller): ReturnType<Renderer> {
  const { associations, roles, of } = part;
  const names = namesFor(
    associations.map(({ id }) => id),
    KUBERNETES_NAMES,
  );
  const files = roleFiles(part);
  const documents = associations.map((unit) => yaml(objectOf(unit, names.get(unit.id) ?? '')));
  return {
    files: [
      ...(documents.length === 0 ? [] : [{ path: 'associations.yaml', content: `${headOf(part, '#')}${documents.join('---\n')}` }]),
      ...trustFiles(part, files),
    ],
    steps: [
      ...(roles.length === 0
        ? []
        : [
            `Put each trust policy as it is now into ${role}:\n\n${bullets(roles.map(({ roleArn }) => `${roleArn}: \`trust/${files.get(roleArn)}.json\``))}`,
          ]),
      ...(associations.length === 0
        ? []
        : [
            of === 'run'
              ? `Apply \`associations.yaml\` where the controller looks. ${adopted}`
              : 'Apply `associations.yaml` only after the run: an association that exists before switches pods without any proof. Export the run then (`podshift export RUN`): it names the associations to adopt.',
          ]),
      ...annotationSteps(part),
    ],
  };
}

function tagsOf(association: ExportedUnit['association']): { tags?: Readonly<Record<string, string>> } {
  const tags = association?.tags ?? {};
  return Object.keys(tags).length === 0 ? {} : { tags };
}
