import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CNI = 'vpc-cni';
/** The version of vpc-cni in the world of {@link walkThrough}. */
export const CNI_VERSION = 'v1.19.0-eksbuild.1';

/** A snapshot's folder, and what removes it. */
export interface World {
  readonly folder: string;
  remove(): Promise<void>;
}

/**
 * The example's cluster at Kubernetes 1.30 with vpc-cni v1.19.0-eksbuild.1: as its own software, not EKS's (`self-managed`), or
 * as an add-on whose service account has a role by annotation (`irsa`).
 */
export async function walkThrough(kind: 'self-managed' | 'irsa'): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'podshift-walk-'));
  await cp('examples/shop', folder, { recursive: true });
  const edit = async (file: string, change: (text: string) => string) => {
    const path = join(folder, file);
    await writeFile(path, change(await readFile(path, 'utf8')));
  };
  await edit('eks/cluster.json', (text) => text.replace('"version": "1.33"', '"version": "1.30"'));
  await edit('eks/addon-versions.json', (text) =>
    text.replaceAll('"clusterVersion": "1.33"', '"clusterVersion": "1.30"').replaceAll('v1.20.1-eksbuild.3', CNI_VERSION),
  );
  const configuration = join(folder, `eks/addon-configurations/${CNI}@v1.20.1-eksbuild.3.json`);
  const text = await readFile(configuration, 'utf8');
  await writeFile(configuration.replace('v1.20.1-eksbuild.3', CNI_VERSION), text.replace('v1.20.1-eksbuild.3', CNI_VERSION));
  await rm(configuration);
  if (kind === 'self-managed') await rm(join(folder, `eks/addons/${CNI}.json`));
  else {
    const role = 'arn:aws:iam::444455556666:role/shop-cni';
    await edit(`eks/addons/${CNI}.json`, (addon) =>
      addon.replace('v1.20.1-eksbuild.3', CNI_VERSION).replace('"tags": {}', `"tags": {}, "serviceAccountRoleArn": "${role}"`),
    );
    await edit('kubernetes/service-accounts.yaml', (yaml) =>
      yaml.replace('  metadata:\n    creationTimestamp: "2024-05-14T08:02:11Z"\n    name: aws-node', (found) =>
        found.replace('  metadata:\n', `  metadata:\n    annotations:\n      eks.amazonaws.com/role-arn: ${role}\n`),
      ),
    );
    await edit('iam/account-authorization-details.json', (account) => JSON.stringify(withCniRole(JSON.parse(account))));
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** A role for vpc-cni that is like that of the EFS driver. */
function withCniRole(account: { RoleDetailList: Record<string, unknown>[] }): object {
  const efs = account.RoleDetailList.find((role) => role.RoleName === 'shop-efs-csi');
  if (efs === undefined) throw new Error('the example has no role shop-efs-csi');
  const text = JSON.stringify(efs)
    .replaceAll('shop-efs-csi', 'shop-cni')
    .replaceAll('kube-system:efs-csi-controller-sa', 'kube-system:aws-node');
  const policy = { PolicyName: 'AmazonEKS_CNI_Policy', PolicyArn: 'arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy' };
  return {
    ...account,
    RoleDetailList: [
      ...account.RoleDetailList,
      { ...JSON.parse(text), RoleId: 'AROAWALKTHROUGHCNI001', AttachedManagedPolicies: [policy] },
    ],
  };
}
