import type { Kafka } from 'kafkajs';

/** Tells which of some topics exist. */
export async function existingTopics(
  client: Kafka,
  topics: readonly string[],
): Promise<{ readonly present: readonly string[]; readonly missing: readonly string[] }> {
  const admin = client.admin();
  try {
    await admin.connect();
    const known = new Set(await admin.listTopics());
    return {
      present: topics.filter((topic) => known.has(topic)),
      missing: topics.filter((topic) => !known.has(topic)),
    };
  } finally {
    await admin.disconnect();
  }
}
