import { chromium } from "playwright-core";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
const [,, names, kinds="light,narrow"] = process.argv;
const types={html:"text/html; charset=utf-8",css:"text/css",js:"text/javascript",svg:"image/svg+xml"};
const srv=createServer(async(q,r)=>{try{const p=new URL(q.url,"http://a").pathname.slice(1);r.writeHead(200,{"Content-Type":types[p.split(".").pop()]||"text/plain"});r.end(await readFile("/tmp/b-samples/"+p));}catch{r.writeHead(404);r.end();}}).listen(0);
const port=srv.address().port;
const b=await chromium.launch({executablePath:"/usr/bin/chromium",args:["--no-sandbox","--disable-gpu"]});
for (const n of names.split(",")) for (const k of kinds.split(",")) {
  const page=await b.newPage({viewport:{width:k==="narrow"?390:1280,height:844},colorScheme:k==="dark"?"dark":"light"});
  await page.goto(`http://127.0.0.1:${port}/${n}.html`);
  await page.screenshot({path:`/tmp/b-shots/${n}-${k}.png`,fullPage:true});
  const w=await page.evaluate(()=>document.documentElement.scrollWidth);
  if(k==="narrow"&&w>390) console.log(n,"overflows",w);
  await page.close();
}
await b.close(); srv.close();
