import { headOf, type Renderer, yaml } from './part.ts';
import { pointer } from './pointer.ts';
import type { ExportedUnit } from './source.ts';
import { annotationSteps } from './steps.ts';

type Change = ExportedUnit['changes'][number];

/** A patch of a kustomization, as JSON 6902: a strategic merge patch of Kustomize makes the text "null" of an annotation that is to go. */
interface Patch {
  readonly target: { readonly kind: string; readonly name: string; readonly namespace?: string };
  readonly patch: string;
}

/**
 * Kustomize: a Component whose patches take the annotations out of the service accounts; for kube2iam and kiam also those of the pod
 * templates, with the service accounts and bindings that a split made.
 */
export const kustomize: Renderer = (part) => {
  const patches = part.objects.flatMap((unit) => [...annotationPatches(unit), ...templatePatches(unit), ...bindingPatches(unit)]);
  const made = part.objects.flatMap(madeAccounts);
  if (patches.length === 0 && made.length === 0) return { files: [], steps: annotationSteps(part) };
  const component = {
    apiVersion: 'kustomize.config.k8s.io/v1alpha1',
    kind: 'Component',
    ...(made.length === 0 ? {} : { resources: ['service-accounts.yaml'] }),
    ...(patches.length === 0 ? {} : { patches }),
  };
  return {
    files: [
      { path: 'kustomization.yaml', content: `${headOf(part, '#')}${yaml(component)}` },
      ...(made.length === 0
        ? []
        : [{ path: 'service-accounts.yaml', content: `${headOf(part, '#')}${made.map((one) => yaml(one)).join('---\n')}` }]),
    ],
    steps: [
      ...annotationSteps(part),
      'Change the manifests, or add this folder to `components:` of their kustomization until they are changed. `kubectl kustomize FOLDER | kubectl diff -f -` must show nothing but the annotations.',
    ],
  };
};

function annotationPatches({ namespace, serviceAccount, annotations }: ExportedUnit): Patch[] {
  const operations = Object.keys(annotations).map((key) => ({ op: 'remove', path: pointer('metadata', 'annotations', key) }));
  return operations.length === 0 ? [] : [{ target: { kind: 'ServiceAccount', name: serviceAccount, namespace }, patch: yaml(operations) }];
}

/** The fields of pod templates that change, a patch for each workload. */
function templatePatches({ changes }: ExportedUnit): Patch[] {
  const ofTemplates = changes.filter(({ field }) => field.startsWith('template.'));
  return [...Map.groupBy(ofTemplates, ({ object }) => object)].map(([object, fields]) => {
    const [kind = '', namespace = '', name = ''] = object.split('/');
    return { target: { kind, name, namespace }, patch: yaml(fields.map((change) => templateOperation(kind, change))) };
  });
}

function templateOperation(kind: string, { field, after }: Change): object {
  const template = kind === 'CronJob' ? ['spec', 'jobTemplate', 'spec', 'template'] : ['spec', 'template'];
  const place = field.startsWith(TEMPLATE_ANNOTATIONS)
    ? ['metadata', 'annotations', field.slice(TEMPLATE_ANNOTATIONS.length)]
    : field.slice('template.'.length).split('.');
  const path = pointer(...template, ...place);
  return after === null ? { op: 'remove', path } : { op: 'add', path, value: after };
}

const TEMPLATE_ANNOTATIONS = 'template.metadata.annotations.';

/** Bindings that got the new service account as a subject. */
function bindingPatches({ changes }: ExportedUnit): Patch[] {
  return changes
    .filter(({ field }) => field === 'subjects')
    .map(({ object, after }) => {
      const [kind = '', ...rest] = object.split('/');
      const name = rest.at(-1) ?? '';
      const target = rest.length === 1 ? { kind, name } : { kind, name, namespace: rest[0] ?? '' };
      return { target, patch: yaml([{ op: 'add', path: '/subjects/-', value: after }]) };
    });
}

/** Service accounts that a split made. */
function madeAccounts({ changes }: ExportedUnit): object[] {
  return changes
    .filter(({ object, field, before }) => object.startsWith('ServiceAccount/') && field === '' && before === null)
    .map(({ object, after }) => {
      const [, namespace = '', name = ''] = object.split('/');
      return accountOf(namespace, name, after as Readonly<Record<string, unknown>>);
    });
}

function accountOf(namespace: string, name: string, shape: Readonly<Record<string, unknown>>): object {
  const { labels, annotations, ...rest } = shape;
  // As podshift made it: another label would be a difference.
  const all = { ...(labels as Readonly<Record<string, string>> | undefined), 'app.kubernetes.io/managed-by': 'podshift' };
  const metadata = { name, namespace, labels: all, ...(isEmpty(annotations) ? {} : { annotations }) };
  const fields = Object.entries(rest).filter(([, value]) => value !== null && !isEmpty(value));
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata, ...Object.fromEntries(fields) };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}
