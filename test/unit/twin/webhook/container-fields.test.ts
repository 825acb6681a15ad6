import * as client from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { CONTAINER_TYPES, withKnownFields } from '../../../../twin/kubernetes/webhook/container-fields.ts';

interface Model {
  getAttributeTypeMap(): readonly { readonly baseName: string; readonly type: string }[];
}
const models = client as unknown as Readonly<Record<string, Model | undefined>>;
const short = (type: string): string => type.replace(/^(Core)?V1/, '');

/** The types that a type reaches, in the form of the table. */
function reached(type: string, found: Record<string, string> = {}): Record<string, string> {
  if (found[short(type)] !== undefined) return found;
  const members = (models[type] as Model).getAttributeTypeMap().map(({ baseName, type: given }) => {
    const inner = /^Array<(.*)>$/.exec(given)?.[1] ?? given;
    return { baseName, inner: typeof models[inner]?.getAttributeTypeMap === 'function' ? inner : '' };
  });
  found[short(type)] = members.map(({ baseName, inner }) => (inner === '' ? baseName : `${baseName}:${short(inner)}`)).join(' ');
  for (const { inner } of members) if (inner !== '') reached(inner, found);
  return found;
}

describe('the fields of containers that the webhook knows', () => {
  it('are those of the Kubernetes API', () => {
    expect(CONTAINER_TYPES).toEqual(reached('V1Container'));
  });

  it('stay, and others go, however deep they are', () => {
    const kept = {
      name: 'a',
      env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      resources: { limits: { 'example.com/gpu': '1' } },
      restartPolicy: 'Always',
    };
    const more = { ...kept, later: 1, env: [{ ...kept.env[0], later: 1 }], livenessProbe: { later: {} } };
    expect(withKnownFields(more)).toEqual({ ...kept, livenessProbe: {} });
    expect(withKnownFields(kept)).toBe(kept);
  });
});
