import { headOf, type Part, type Rendered, yaml } from './part.ts';
import { pointer } from './pointer.ts';

/**
 * What a GitOps tool needs besides the change in its repository, for the time until that is merged: Argo CD's `ignoreDifferences`, and how
 * Flux is told to wait. Nothing for other owners. Pure.
 */
export function forTheTimeBetween(part: Part): Rendered {
  const { owner, objects } = part;
  const annotated = objects.filter(({ annotations }) => Object.keys(annotations).length > 0);
  if (annotated.length === 0) return { files: [], steps: [] };
  if (owner?.kind === 'argo-cd') {
    const differences = annotated.map(({ namespace, serviceAccount, annotations }) => ({
      kind: 'ServiceAccount',
      namespace,
      name: serviceAccount,
      jsonPointers: Object.keys(annotations).map((key) => pointer('metadata', 'annotations', key)),
    }));
    const spec = { ignoreDifferences: differences, syncPolicy: { syncOptions: ['RespectIgnoreDifferences=true'] } };
    return {
      files: [{ path: 'ignore-differences.yaml', content: `${headOf(part, '#')}${yaml({ spec })}` }],
      steps: [
        'Only where the annotation has to go from the cluster before it goes from Git: merge `ignore-differences.yaml` into the Application, so that Argo CD does not put it back, and take it out again after the merge. Otherwise nothing is needed in between: podshift left the annotation as Git has it.',
      ],
    };
  }
  if (owner?.kind === 'flux') {
    return {
      files: [],
      steps: [
        'Nothing is needed until the change is merged: podshift left the annotation as Git has it. Only where it has to go from the cluster before: `flux suspend kustomization NAME` (or `helmrelease NAME`), and `flux resume` after the merge.',
      ],
    };
  }
  return { files: [], steps: [] };
}
