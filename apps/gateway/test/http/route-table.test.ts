import { fastify } from 'fastify';
import { RouteTable } from '../../src/http/route-table.ts';

it('knows which methods each path takes', async () => {
  const server = fastify();
  const table = new RouteTable(server);
  server.get('/v1/things', () => '');
  server.post('/v1/things', () => '');
  server.get('/v1/things/:id', () => '');
  server.delete('/v1/things/:id', () => '');
  server.get('/files/*', () => '');
  await server.ready();
  expect(table.methodsOf('/v1/things')).toEqual(['GET', 'HEAD', 'POST']);
  expect(table.methodsOf('/v1/things/')).toEqual(['GET', 'HEAD', 'POST']);
  expect(table.methodsOf('/v1/things/a.b')).toEqual(['DELETE', 'GET', 'HEAD']);
  expect(table.methodsOf('/v1/things/a/b')).toEqual([]);
  expect(table.methodsOf('/files/a/b')).toEqual(['GET', 'HEAD']);
  expect(table.methodsOf('/v1/thingsX')).toEqual([]);
  await server.close();
});
