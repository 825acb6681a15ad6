/**
 * Names of the containers that the pod identity webhook leaves alone, by its `skip-containers` annotation: the first record
 * of a CSV text as Go's encoding/csv reads it (amazon-eks-pod-identity-webhook, pkg/handler). Blanks belong to a name, so one
 * with a blank names no container; a text that cannot be read names none.
 */
export function skippedContainers(annotations: Readonly<Record<string, string>> | undefined, prefix: string): ReadonlySet<string> {
  return new Set(firstRecord(annotations?.[`${prefix}/skip-containers`] ?? ''));
}

/** Where the reader stands: at a field's beginning, in a plain field, in a quoted one, or behind a quote in a quoted one. */
type Place = 'start' | 'plain' | 'quoted' | 'closing';

/**
 * The fields of the first record that is no empty line; none where a quote stands in a plain field, text behind a closing
 * quote, or a quoted field never ends. In a quoted field a doubled quote is one, and commas and line breaks belong to it.
 */
function firstRecord(given: string): string[] {
  // A carriage return is dropped ahead of a line feed and at the very end, and belongs to its field anywhere else.
  const text = given.replaceAll('\r\n', '\n').replace(/\r$/, '').replace(/^\n+/, '');
  if (text === '') return [];
  const fields: string[] = [];
  let field = '';
  let place: Place = 'start';
  const end = (): void => {
    fields.push(field);
    field = '';
    place = 'start';
  };
  for (const character of text) {
    const isEnd = character === '\n' && place !== 'quoted';
    if (isEnd || (character === ',' && place !== 'quoted')) {
      end();
      if (isEnd) return fields;
    } else if (character === '"') {
      if (place === 'plain') return [];
      if (place === 'closing') field += '"';
      place = place === 'quoted' ? 'closing' : 'quoted';
    } else {
      if (place === 'closing') return [];
      if (place === 'start') place = 'plain';
      field += character;
    }
  }
  if ((place as Place) === 'quoted') return [];
  end();
  return fields;
}
