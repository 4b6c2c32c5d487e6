// An endpoint that takes everything: node receiver.mjs. Asked over IPC, it tells how many requests it has had.
import { createServer } from 'node:http';

let had = 0;
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    had += 1;
    response.writeHead(204).end();
  });
});
server.listen(0, '127.0.0.1', () => process.send({ type: 'ready', port: server.address().port }));
process.on('message', () => process.send({ type: 'had', had }));
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
