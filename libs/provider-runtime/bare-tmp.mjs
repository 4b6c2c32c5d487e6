import { createServer } from 'node:http';
import { Pool } from 'undici';
const [kind, origin, mode='', lim='0', spinUs='0'] = process.argv.slice(2);
const pool = new Pool(origin, { connections: 256, keepAliveTimeout: 30000, headersTimeout: 0, bodyTimeout: 0, allowH2: false });
const spin=()=>{const t=performance.now()+Number(spinUs)/1000; while(performance.now()<t);};
let batch=[]; const flush=()=>{const b=batch; batch=[]; for(const f of b) f.fin();};
class H { fin(){ const r=this.r; r.end(this.ch2); } constructor(r){this.r=r; this.c=undefined;}
 onRequestStart(c){this.c=c;}
 onResponseStart(c,status,h){ const raw=c.rawHeaders; let t=`HTTP/1.1 200 OK\r\n`; for(let i=0;i<raw.length;i+=2){const n=raw[i].toString('latin1').toLowerCase(); if(n==='connection'||n==='keep-alive') continue; t+=n+': '+raw[i+1].toString('latin1')+'\r\n';} t+='Connection: keep-alive\r\nKeep-Alive: timeout=72\r\n\r\n'; this.r._header=t; this.t=t; }
 onResponseData(c,ch){ if(mode==='batch'){ this.ch2=ch; return; } if(mode==='one'){ if(this.r._headerSent) this.r.write(ch); else {this.r._headerSent=true; this.r.socket.write(this.t+ch.latin1Slice(),'latin1');} } else this.r.write(ch); }
 onResponseEnd(){ spin(); if(mode==='batch'){ if(batch.push(this)===1) setImmediate(flush); } else this.r.end(); if(limit) leave(); }
 onResponseError(c,e){ this.r.destroy(); }
}
let n=0; const q=[]; const limit=Number(lim);
function leave(){ n--; const f=q.shift(); if(f) { n++; go(f); } }
function go(h){ pool.dispatch({path:h.u,method:'GET',headers:['authorization','x'],body:null},h); }
const s=createServer((req,res)=>{ const h=new H(res); h.u=req.url; if(limit&&n>=limit) q.push(h); else { n++; go(h);} });
s.listen(0,'127.0.0.1',()=>process.send({type:'ready',port:s.address().port}));
process.on('disconnect',()=>process.exit(0));
