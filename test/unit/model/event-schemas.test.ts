import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type DetailType, EVENT_DETAILS, eventSchema } from '../../../src/model/events.ts';

const folder = fileURLToPath(new URL('../../../docs/events/', import.meta.url));
const types = Object.keys(EVENT_DETAILS) as DetailType[];
const fileOf = (type: DetailType) => `${type.toLowerCase().replaceAll(' ', '-')}.json`;

describe('docs/events', () => {
  it.each(types)('has the schema of %s as the code makes it (vitest --update writes it)', async (type) => {
    await expect(`${JSON.stringify(eventSchema(type), null, 2)}\n`).toMatchFileSnapshot(`${folder}${fileOf(type)}`);
  });

  it('has no other schema', () => {
    expect(readdirSync(folder).sort()).toEqual(types.map(fileOf).sort());
  });
});
