import type { PoolClient } from 'pg';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { entities } from './entities.js';
import { surviveLostConnections } from './lost-connections.js';

/**
 * The service's connection to PostgreSQL, as the restricted role. The one place that opens
 * transactions; SQL is written by hand where it is clearer than the ORM.
 */
export class Database {
  readonly dataSource: DataSource;

  private constructor(dataSource: DataSource) {
    this.dataSource = dataSource;
  }

  /** Connects; `poolSize` is the most connections this process holds. */
  static async connect(serviceUrl: string, options: { poolSize: number; applicationName: string }): Promise<Database> {
    surviveLostConnections();
    const dataSource = new DataSource({
      type: 'postgres',
      url: serviceUrl,
      entities,
      applicationName: options.applicationName,
      poolSize: options.poolSize,
      installExtensions: false,
      extra: { options: '-c timezone=UTC', keepAlive: true },
    });
    await dataSource.initialize();
    return new Database(dataSource);
  }

  /** Rows of one statement. The caller names the row type; columns are selected to fit it. */
  async query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return await this.dataSource.query<Row[]>(sql, [...parameters]);
  }

  /** Runs `work` in one transaction (READ COMMITTED): committed when it returns, rolled back when it throws. */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    await using runner = this.dataSource.createQueryRunner();
    await runner.startTransaction();
    try {
      const result = await work(await Transaction.on(runner));
      await runner.commitTransaction();
      return result;
    } catch (error) {
      await runner.rollbackTransaction().catch(() => {});
      throw error;
    }
  }

  /** A connection of one's own outside any transaction, given back when `work` ends. */
  async withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    await using runner = this.dataSource.createQueryRunner();
    return await work((await runner.connect()) as PoolClient); // TypeORM hands out the pg client untyped
  }

  async close(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}

/** An open transaction: passed explicitly to everything that must commit together. */
export class Transaction {
  readonly client: PoolClient;
  readonly manager: EntityManager;

  private constructor(client: PoolClient, manager: EntityManager) {
    this.client = client;
    this.manager = manager;
  }

  static async on(runner: QueryRunner): Promise<Transaction> {
    return new Transaction((await runner.connect()) as PoolClient, runner.manager); // TypeORM hands out the pg client untyped
  }

  async query<Row extends object>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return (await this.client.query<Row>(sql, [...parameters])).rows;
  }
}
