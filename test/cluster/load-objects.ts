import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { Api } from './api.ts';
export interface LoadOutcome {
  readonly created: number;
  readonly skipped: readonly string[];
}
export async function loadObjects(_api: Api, _objects: readonly KubernetesObject[]): Promise<LoadOutcome> {
  throw new Error('todo');
}
