import { headOf, type Renderer, yaml } from './part.ts';
import type { ExportedUnit } from './source.ts';
import { annotationSteps } from './steps.ts';

/** A tree of a chart's values. */
type Values = { [key: string]: Values | null };

/**
 * Helm: a values file for each chart whose value of the annotations is known. `null` takes a key away, as Helm does it ("Deleting a
 * default key"). For other charts the place is named, and no value guessed.
 */
export const helm: Renderer = (part) => {
  const charts = Map.groupBy(part.objects.filter(hasKnownValue), ({ chart }) => chart?.name ?? '');
  const files = [...charts].map(([chart, units]) => ({
    path: `values-${chart}.yaml`,
    content: `${headOf(part, '#')}# Chart ${chart}.\n${yaml(valuesOf(units))}`,
  }));
  const merge =
    'Take the annotation out of the values of the release. Where a values file cannot be changed, lay the one made here over it: `helm upgrade … -f VALUES -f values-CHART.yaml`. `helm template` before and after must differ in nothing but the annotation.';
  return { files, steps: [...annotationSteps(part), ...(files.length === 0 ? [] : [merge])] };
};

/** Whether a unit's annotations are to go, and stand in a chart's value that is known. Pure. */
export function hasKnownValue({ chart, annotations }: ExportedUnit): boolean {
  return chart?.value != null && Object.keys(annotations).length > 0;
}

function valuesOf(units: readonly ExportedUnit[]): Values {
  const values: Values = {};
  for (const { chart, annotations } of units) {
    let place = values;
    for (const key of (chart?.value ?? '').split('.')) place = below(place, key);
    for (const key of Object.keys(annotations)) place[key] = null;
  }
  return values;
}

function below(values: Values, key: string): Values {
  const there = values[key];
  if (there != null) return there;
  const made: Values = {};
  values[key] = made;
  return made;
}
