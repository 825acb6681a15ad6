/** The key under which API servers agree on who compacts (k8s.io/apiserver, pkg/storage/etcd3/compact.go). */
const COMPACT_KEY = 'compact_rev_key';

/** Compacts etcd up to now by its JSON gateway, and notes it where API servers look: what they keep of older lists goes too. */
export async function compactStore(etcd: string): Promise<void> {
  const call = async (path: string, body: object): Promise<{ header: { revision: string } }> => {
    const answer = await fetch(`${etcd}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) {
      throw new Error(`etcd: ${path}: ${answer.status} ${await answer.text()}`);
    }
    return (await answer.json()) as { header: { revision: string } };
  };
  const key = Buffer.from(COMPACT_KEY).toString('base64');
  // What etcd holds at the very revision that it is compacted to stays; this write makes a newer one, so what is there now goes.
  const { revision: now } = (await call('range', { key })).header;
  const { revision } = (await call('put', { key, value: Buffer.from(String(Number(now) + 1)).toString('base64') })).header;
  await call('compaction', { revision, physical: true });
}
