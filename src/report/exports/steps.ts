import { annotationSourceOf, nameOfOwner } from '../../plan/owners.ts';
import { bullets, type Part } from './part.ts';
import type { ExportedUnit } from './source.ts';

/** The step that takes the annotations out of the owner's code, with the place of each; none where there is nothing to take out. Pure. */
export function annotationSteps({ of, objects }: Part): string[] {
  const annotated = objects.filter(({ annotations }) => Object.keys(annotations).length > 0);
  if (annotated.length === 0) return [];
  const when = of === 'run' ? 'Remove' : 'After the run has ended as migrated, remove';
  return [`${when} the annotations of IRSA at their source. Pods need no restart for it:\n\n${bullets(annotated.map(placeOf))}`];
}

function placeOf({ id, annotations, owners, chart }: ExportedUnit): string {
  const keys = Object.keys(annotations).map((key) => `\`${key}\``);
  const [owner] = owners;
  const place =
    owner === undefined ? 'wherever its manifest is kept' : `${nameOfOwner(owner)}: ${annotationSourceOf(owner, chart ?? undefined)}`;
  return `${keys.join(' and ')} of the service account ${id} (${place})`;
}
