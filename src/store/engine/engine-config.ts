import { createHash } from 'node:crypto';

/** Names of the engine's users: the service itself, and the read-only one for Grafana and for people. */
export const SERVICE_USER = 'plumbline';
export const READER_USER = 'plumbline_reader';

export interface EngineLimits {
  /** Upper bound of the engine's memory in bytes. */
  readonly memoryBytes: number;
  /** Threads per query and for background merges. */
  readonly threads: number;
}

/** Returns the engine's server configuration (ClickHouse config.xml) as text. */
export function renderServerConfig(options: {
  readonly usersFile: string;
  readonly userFilesDir: string;
  readonly limits: EngineLimits;
}): string {
  const { limits } = options;
  return `<clickhouse>
  <users_config>${escapeXml(options.usersFile)}</users_config>
  <user_files_path>${escapeXml(options.userFilesDir)}</user_files_path>
  <max_server_memory_usage>${limits.memoryBytes}</max_server_memory_usage>
  <mark_cache_size>268435456</mark_cache_size>
  <background_pool_size>${limits.threads}</background_pool_size>
  <max_concurrent_queries>100</max_concurrent_queries>
  <query_log><database>system</database><table>query_log</table><flush_interval_milliseconds>1000</flush_interval_milliseconds></query_log>
  <http_handlers><defaults/></http_handlers>
</clickhouse>
`;
}

/**
 * Returns the engine's users (ClickHouse users.xml) as text. The anonymous user \`default\` must exist with an empty
 * password, because the engine's own session logs in as it; it may do nothing but keep the listeners open.
 */
export function renderUsers(options: {
  readonly database: string;
  readonly servicePassword: string;
  readonly readerPassword: string;
  readonly limits: EngineLimits;
}): string {
  const { limits } = options;
  const queryMemory = Math.floor(limits.memoryBytes * 0.6);
  return `<clickhouse>
  <profiles>
    <default>
      <max_threads>${limits.threads}</max_threads>
      <max_memory_usage>${queryMemory}</max_memory_usage>
      <async_insert>0</async_insert>
    </default>
    <reader>
      <readonly>1</readonly>
      <max_threads>${limits.threads}</max_threads>
      <max_execution_time>30</max_execution_time>
      <max_result_rows>1000000</max_result_rows>
      <result_overflow_mode>throw</result_overflow_mode>
      <max_memory_usage>${Math.floor(limits.memoryBytes * 0.25)}</max_memory_usage>
      <constraints><max_execution_time><changeable_in_readonly/><max>60</max></max_execution_time></constraints>
    </reader>
  </profiles>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SYSTEM LISTEN ON *.*</query>
        <query>GRANT CREATE TEMPORARY TABLE ON *.*</query>
      </grants>
    </default>
    <${SERVICE_USER}>
      <password_sha256_hex>${sha256(options.servicePassword)}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </${SERVICE_USER}>
    <${READER_USER}>
      <password_sha256_hex>${sha256(options.readerPassword)}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>reader</profile>
      <quota>default</quota>
      <grants><query>GRANT SELECT ON ${options.database}.*</query></grants>
    </${READER_USER}>
  </users>
  <quotas><default/></quotas>
</clickhouse>
`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
