import { type DynamicModule, Global, Module } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { openDataSource } from './data-source.ts';
import { Database, type DatabaseTarget } from './database.ts';

@Global()
@Module({})
export class DatabaseModule {
  static forRoot(target: DatabaseTarget): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({ type: 'postgres', retryAttempts: 0 }),
          dataSourceFactory: () => openDataSource(target),
        }),
      ],
      providers: [
        {
          provide: Database,
          useFactory: (source: DataSource) => new Database(source, target),
          inject: [getDataSourceToken()],
        },
      ],
      exports: [Database, TypeOrmModule],
    };
  }
}
