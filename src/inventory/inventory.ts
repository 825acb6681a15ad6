import type { AwsGateways } from '../aws/gateways.ts';
import type { KubernetesGateway } from '../kubernetes/gateway.ts';
import type { Clock } from '../model/clock.ts';
import type { Inventory } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';

export async function takeInventory(_aws: AwsGateways, _kubernetes: KubernetesGateway, _options: MigrationOptions, _clock: Clock): Promise<Inventory> {
  throw new Error('not written yet');
}
