import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';

// biome-ignore lint/suspicious/noExplicitAny: objects differ by kind; each rule looks at its own kind
type Loose = any;

/**
 * The object without what an API server or a controller wrote into it, so that another cluster takes it. `uids` maps
 * uids of the snapshot to those of objects already made: an owner that is not among them is left out, since the garbage
 * collector deletes what belongs to nothing.
 */
export function withoutServerFields(object: KubernetesObject, uids: ReadonlyMap<string, string>): KubernetesObject {
  const { status: _status, ...kept } = object as Loose;
  const { name, namespace, labels, annotations, ownerReferences = [] } = object.metadata;
  const owners = ownerReferences.flatMap((owner) => (uids.has(owner.uid) ? [{ ...owner, uid: uids.get(owner.uid) }] : []));
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(owners.length === 0 ? {} : { ownerReferences: owners }),
  };
  return mend({ ...kept, metadata });
}

function mend(object: Loose): KubernetesObject {
  const { kind, spec } = object;
  if (kind === 'ServiceAccount') {
    const { secrets: _secrets, ...rest } = object;
    return rest;
  }
  if (kind === 'Namespace') {
    const { spec: _spec, ...rest } = object;
    return rest;
  }
  if (kind === 'Service') {
    const { clusterIP, clusterIPs: _ips, ipFamilies: _families, healthCheckNodePort: _port, ...rest } = spec;
    const ports = (spec.ports ?? []).map(({ nodePort: _nodePort, ...port }: Loose) => port);
    return { ...object, spec: { ...rest, ...(ports.length === 0 ? {} : { ports }), ...(clusterIP === 'None' ? { clusterIP } : {}) } };
  }
  if (kind === 'Job') {
    const { selector: _selector, manualSelector: _manual, ...rest } = spec;
    return { ...object, spec: { ...rest, template: withoutControllerUid(spec.template) } };
  }
  if (kind === 'PersistentVolumeClaim') {
    const { volumeName: _volume, ...rest } = spec;
    return { ...object, spec: rest };
  }
  if (kind === 'Node') {
    // The lifecycle controller puts these taints on and takes them off itself.
    const taints = (spec?.taints ?? []).filter(({ key }: Loose) => !/^node\.kubernetes\.io\/(not-ready|unreachable)$/.test(key));
    const { providerID } = spec ?? {};
    return { ...object, spec: { ...(providerID === undefined ? {} : { providerID }), ...(taints.length === 0 ? {} : { taints }) } };
  }
  return object;
}

function withoutControllerUid(template: Loose): Loose {
  const labels = Object.entries(template.metadata?.labels ?? {}).filter(([key]) => !/(^|\/)(controller-uid|job-name)$/.test(key));
  return { ...template, metadata: { ...template.metadata, labels: Object.fromEntries(labels) } };
}
