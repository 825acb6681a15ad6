import { type Finding, finding } from '../model/findings.ts';
import type { Inventory } from '../model/inventory.ts';

/** What was seen beside the units: EKS add-ons, kube2iam and kiam. */
export function seenFindings(inventory: Inventory): Finding[] {
  return [
    ...inventory.addons.map((addon) => {
      const role = addon.serviceAccountRoleArn === null ? 'without a role of its own' : `with the role ${addon.serviceAccountRoleArn}`;
      return finding('PS604', `Addon/${addon.name}`, `the add-on ${addon.name} ${addon.version} is ${addon.status}, ${role}`);
    }),
    ...inventory.legacy.map((fact) =>
      fact.kind === 'daemon'
        ? finding('PS602', fact.subject, `${fact.subject} runs ${fact.name}`)
        : finding('PS601', fact.subject, `the pods of ${fact.subject} ask kube2iam or kiam for the role ${fact.name}`),
    ),
  ];
}
