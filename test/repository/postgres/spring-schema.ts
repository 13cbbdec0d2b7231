/** What Spring Batch 6 itself would have made: its schema, and executions as its JDBC DAOs write them. */

/** As schema-postgresql.sql of spring-batch-core 6 has it, in a schema of its own. */
export function springSchemaSql(schema: string): string {
  return `
    set local search_path to ${schema};
    CREATE TABLE BATCH_JOB_INSTANCE (
      JOB_INSTANCE_ID BIGINT NOT NULL PRIMARY KEY,
      VERSION BIGINT,
      JOB_NAME VARCHAR(100) NOT NULL,
      JOB_KEY VARCHAR(32) NOT NULL,
      constraint JOB_INST_UN unique (JOB_NAME, JOB_KEY)
    );
    CREATE TABLE BATCH_JOB_EXECUTION (
      JOB_EXECUTION_ID BIGINT NOT NULL PRIMARY KEY,
      VERSION BIGINT,
      JOB_INSTANCE_ID BIGINT NOT NULL,
      CREATE_TIME TIMESTAMP NOT NULL,
      START_TIME TIMESTAMP DEFAULT NULL,
      END_TIME TIMESTAMP DEFAULT NULL,
      STATUS VARCHAR(10),
      EXIT_CODE VARCHAR(2500),
      EXIT_MESSAGE VARCHAR(2500),
      LAST_UPDATED TIMESTAMP,
      constraint JOB_INST_EXEC_FK foreign key (JOB_INSTANCE_ID) references BATCH_JOB_INSTANCE(JOB_INSTANCE_ID)
    );
    CREATE TABLE BATCH_JOB_EXECUTION_PARAMS (
      JOB_EXECUTION_ID BIGINT NOT NULL,
      PARAMETER_NAME VARCHAR(100) NOT NULL,
      PARAMETER_TYPE VARCHAR(100) NOT NULL,
      PARAMETER_VALUE VARCHAR(2500),
      IDENTIFYING CHAR(1) NOT NULL,
      constraint JOB_EXEC_PARAMS_FK foreign key (JOB_EXECUTION_ID) references BATCH_JOB_EXECUTION(JOB_EXECUTION_ID)
    );
    CREATE TABLE BATCH_STEP_EXECUTION (
      STEP_EXECUTION_ID BIGINT NOT NULL PRIMARY KEY,
      VERSION BIGINT NOT NULL,
      STEP_NAME VARCHAR(100) NOT NULL,
      JOB_EXECUTION_ID BIGINT NOT NULL,
      CREATE_TIME TIMESTAMP NOT NULL,
      START_TIME TIMESTAMP DEFAULT NULL,
      END_TIME TIMESTAMP DEFAULT NULL,
      STATUS VARCHAR(10),
      COMMIT_COUNT BIGINT,
      READ_COUNT BIGINT,
      FILTER_COUNT BIGINT,
      WRITE_COUNT BIGINT,
      READ_SKIP_COUNT BIGINT,
      WRITE_SKIP_COUNT BIGINT,
      PROCESS_SKIP_COUNT BIGINT,
      ROLLBACK_COUNT BIGINT,
      EXIT_CODE VARCHAR(2500),
      EXIT_MESSAGE VARCHAR(2500),
      LAST_UPDATED TIMESTAMP,
      constraint JOB_EXEC_STEP_FK foreign key (JOB_EXECUTION_ID) references BATCH_JOB_EXECUTION(JOB_EXECUTION_ID)
    );
    CREATE TABLE BATCH_STEP_EXECUTION_CONTEXT (
      STEP_EXECUTION_ID BIGINT NOT NULL PRIMARY KEY,
      SHORT_CONTEXT VARCHAR(2500) NOT NULL,
      SERIALIZED_CONTEXT TEXT,
      constraint STEP_EXEC_CTX_FK foreign key (STEP_EXECUTION_ID) references BATCH_STEP_EXECUTION(STEP_EXECUTION_ID)
    );
    CREATE TABLE BATCH_JOB_EXECUTION_CONTEXT (
      JOB_EXECUTION_ID BIGINT NOT NULL PRIMARY KEY,
      SHORT_CONTEXT VARCHAR(2500) NOT NULL,
      SERIALIZED_CONTEXT TEXT,
      constraint JOB_EXEC_CTX_FK foreign key (JOB_EXECUTION_ID) references BATCH_JOB_EXECUTION(JOB_EXECUTION_ID)
    );
    CREATE SEQUENCE BATCH_STEP_EXECUTION_SEQ MAXVALUE 9223372036854775807 NO CYCLE;
    CREATE SEQUENCE BATCH_JOB_EXECUTION_SEQ MAXVALUE 9223372036854775807 NO CYCLE;
    CREATE SEQUENCE BATCH_JOB_INSTANCE_SEQ MAXVALUE 9223372036854775807 NO CYCLE;`
}

/** `{batch.version: "6.0.4"}`, by Spring's default serializer. */
export const JAVA_CONTEXT =
  'rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcAUH2sHDFmDRAwACRgAKbG9hZEZhY3RvckkACXRocmVzaG9sZHhwP0AAAAAAAAx3CAAAABAAAAABdAANYmF0Y2gudmVyc2lvbnQABTYuMC40eA=='
/** `{reader.read.count: 5, written: 120L}`, by its Jackson 3 serializer. */
export const JACKSON_CONTEXT = '{"reader.read.count":5,"written":["java.lang.Long",120]}'

/**
 * Instance 1: FAILED, contexts as Java serializes them. Instance 2: COMPLETED, Jackson contexts, a parameter type of
 * its own. Instance 3: STARTED, running. Each with a step.
 */
export function springExecutionsSql(schema: string): string {
  const executions = [
    { status: 'FAILED', end: `'2026-02-01 10:00:05.123457'`, step: 'FAILED', context: JAVA_CONTEXT },
    { status: 'COMPLETED', end: `'2026-02-01 10:00:05.123457'`, step: 'COMPLETED', context: JACKSON_CONTEXT },
    { status: 'STARTED', end: 'null', step: 'STARTED', context: JAVA_CONTEXT },
  ]
  const rows = executions.map(({ status, end, step, context }, index) => {
    const exit = status === 'STARTED' ? `'UNKNOWN'` : `'${status}'`
    return `
      insert into BATCH_JOB_INSTANCE (JOB_INSTANCE_ID, JOB_NAME, JOB_KEY, VERSION)
        values (nextval('BATCH_JOB_INSTANCE_SEQ'), 'springJob', md5('${index}'), 0);
      insert into BATCH_JOB_EXECUTION (JOB_EXECUTION_ID, JOB_INSTANCE_ID, START_TIME, END_TIME, STATUS, EXIT_CODE,
          EXIT_MESSAGE, VERSION, CREATE_TIME, LAST_UPDATED)
        values (nextval('BATCH_JOB_EXECUTION_SEQ'), currval('BATCH_JOB_INSTANCE_SEQ'), '2026-02-01 10:00:01', ${end},
          '${status}', ${exit}, '', 2, '2026-02-01 10:00:00', '2026-02-01 10:00:05');
      insert into BATCH_JOB_EXECUTION_PARAMS (JOB_EXECUTION_ID, PARAMETER_NAME, PARAMETER_TYPE, PARAMETER_VALUE, IDENTIFYING)
        values (currval('BATCH_JOB_EXECUTION_SEQ'), 'n', 'java.lang.Integer', '${index}', 'Y'),
          (currval('BATCH_JOB_EXECUTION_SEQ'), 'color', 'com.example.Color', 'RED', 'n');
      insert into BATCH_JOB_EXECUTION_CONTEXT (SHORT_CONTEXT, SERIALIZED_CONTEXT, JOB_EXECUTION_ID)
        values ('${context}', null, currval('BATCH_JOB_EXECUTION_SEQ'));
      insert into BATCH_STEP_EXECUTION (STEP_EXECUTION_ID, VERSION, STEP_NAME, JOB_EXECUTION_ID, START_TIME, END_TIME,
          STATUS, COMMIT_COUNT, READ_COUNT, FILTER_COUNT, WRITE_COUNT, EXIT_CODE, EXIT_MESSAGE, READ_SKIP_COUNT,
          WRITE_SKIP_COUNT, PROCESS_SKIP_COUNT, ROLLBACK_COUNT, LAST_UPDATED, CREATE_TIME)
        values (nextval('BATCH_STEP_EXECUTION_SEQ'), 4, 'load', currval('BATCH_JOB_EXECUTION_SEQ'),
          '2026-02-01 10:00:02', ${end}, '${step}', 3, 100, 1, 99, 'FAILED', 'java.lang.RuntimeException: x', 0, 0, 0, 1,
          '2026-02-01 10:00:05', '2026-02-01 10:00:02');
      insert into BATCH_STEP_EXECUTION_CONTEXT (SHORT_CONTEXT, SERIALIZED_CONTEXT, STEP_EXECUTION_ID)
        values ('cut off ...', '${context}', currval('BATCH_STEP_EXECUTION_SEQ'));`
  })
  return `set local search_path to ${schema}; ${rows.join('')}`
}
