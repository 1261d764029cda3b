extension DocumentationPage {
    // Text from the document and from answers becomes text nodes only, never markup.
    static let script = #"""
        'use strict';
        const make = (name, attributes = {}, ...children) => {
          const element = document.createElement(name);
          for (const [key, value] of Object.entries(attributes)) {
            if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
            else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? '' : value);
          }
          element.append(...children.filter(child => child !== undefined && child !== null));
          return element;
        };
        // What stands between backticks is code.
        const prose = text => (text || '').split('`').map((piece, index) => index % 2 ? make('code', {}, piece) : piece);
        let api;
        const resolve = schema => schema && schema.$ref ? api.components.schemas[schema.$ref.split('/').pop()] : schema || {};
        const typeOf = schema => {
          if (schema.$ref) return schema.$ref.split('/').pop();
          if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
          if (schema.enum) return schema.enum.map(value => JSON.stringify(value)).join(', ');
          const type = [].concat(schema.type || 'any').join(' or ');
          return type === 'array' ? 'array of ' + typeOf(schema.items || {}) : schema.format ? type + ' (' + schema.format + ')' : type;
        };
        const example = (schema, depth = 0) => {
          schema = resolve(schema);
          if (schema.examples) return schema.examples[0];
          if (schema.default !== undefined) return schema.default;
          if (schema.enum) return schema.enum[0];
          if (schema.anyOf) return example(schema.anyOf[0], depth);
          switch ([].concat(schema.type)[0]) {
            case 'object': {
              const value = {};
              for (const name of schema.required || []) if (depth < 6) value[name] = example(schema.properties[name], depth + 1);
              return value;
            }
            case 'array': return depth < 6 && schema.items ? [example(schema.items, depth + 1)] : [];
            case 'integer': case 'number': return schema.minimum || 1;
            case 'boolean': return false;
            case 'null': return null;
            default: return schema.format === 'email' ? 'you@example.com' : schema.format === 'date-time' ? new Date().toISOString() : 'text';
          }
        };
        const schemaTable = schema => {
          schema = resolve(schema);
          if (!schema.properties) return make('p', { class: 'quiet' }, typeOf(schema) + (schema.description ? ': ' + schema.description : ''));
          const required = new Set(schema.required || []);
          const rows = Object.keys(schema.properties).sort((a, b) => required.has(b) - required.has(a)).map(name => {
            const member = schema.properties[name];
            return make('tr', {}, make('td', {}, make('code', {}, name), required.has(name) ? '' : ' (optional)'),
              make('td', {}, typeOf(member)), make('td', {}, ...prose(member.description || resolve(member).description)));
          });
          return make('table', {}, make('tbody', {}, ...rows));
        };
        const show = async (response, output, status) => {
          status.textContent = response.status + ' ' + response.statusText;
          const type = response.headers.get('content-type') || '';
          output.textContent = [...response.headers].map(([name, value]) => name + ': ' + value).join('\n') + '\n\n';
          if (!response.body) return;
          const reader = response.body.getReader();
          const decoder = new TextDecoder();
          let text = '';
          for (;;) {
            const { done, value } = await reader.read();
            if (done) break;
            const piece = decoder.decode(value, { stream: true });
            text += piece;
            if (!type.includes('json')) output.append(piece);
          }
          if (type.includes('json')) {
            try { output.append(JSON.stringify(JSON.parse(text), null, 2)); } catch { output.append(text); }
          }
        };
        const operationView = (method, path, operation) => {
          const fields = new Map();
          const content = operation.requestBody && Object.entries(operation.requestBody.content)[0];
          const status = make('span', { role: 'status', class: 'quiet status' });
          const output = make('pre', { hidden: true, class: 'answer', tabindex: '0' });
          let running;
          const stop = make('button', { type: 'button', hidden: true, onclick: () => running && running.abort() }, 'Stop');
          const send = async () => {
            let target = path;
            const query = new URLSearchParams();
            const headers = {};
            for (const [parameter, input] of fields) {
              if (parameter.in === 'path') target = target.replace('{' + parameter.name + '}', encodeURIComponent(input.value));
              else if (input.value !== '' && parameter.in === 'query') query.set(parameter.name, input.value);
              else if (input.value !== '') headers[parameter.name] = input.value;
            }
            const token = document.getElementById('token').value.trim();
            if (token) headers.Authorization = 'Bearer ' + token;
            const options = { method: method.toUpperCase(), headers };
            if (body) { headers['Content-Type'] = content[0]; options.body = body.value; }
            running = new AbortController();
            options.signal = running.signal;
            output.hidden = false; stop.hidden = false; output.textContent = ''; status.textContent = 'sending…';
            // Relative to this page, which may lie behind a proxy's prefix.
            const address = new URL(target.replace(/^\//, '') + (query.size ? '?' + query : ''), document.baseURI);
            try { await show(await fetch(address, options), output, status); }
            catch (error) { status.textContent = error.name === 'AbortError' ? 'stopped' : String(error); }
            stop.hidden = true;
          };
          const body = content && make('textarea', { 'aria-label': 'request body', spellcheck: 'false' });
          if (body) body.value = JSON.stringify(example(content[1].schema), null, 2);
          const parameters = (operation.parameters || []).map(parameter => {
            const input = make('input', { placeholder: typeOf(parameter.schema), id: operation.operationId + '-' + parameter.name });
            fields.set(parameter, input);
            return make('div', {}, make('label', { for: input.id }, make('code', {}, parameter.name), ' (' + parameter.in +
              (parameter.required ? '' : ', optional') + ') ', ...prose(parameter.description)), input);
          });
          const answers = Object.entries(operation.responses).sort().map(([code, answer]) => make('tr', {}, make('td', {}, code),
            make('td', {}, ...prose(answer.description)), make('td', {}, ...Object.entries(answer.content || {}).map(([type, media]) =>
              make('div', {}, make('code', {}, type), ' ' + typeOf(media.schema || {}))))));
          const view = make('div', {},
            operation.description ? make('p', {}, ...prose(operation.description)) : null,
            operation.security && !operation.security.length ? make('p', { class: 'quiet' }, 'Needs no token.') : null,
            ...parameters,
            body ? make('h3', {}, 'Body') : null, body ? schemaTable(content[1].schema) : null, body,
            make('button', { type: 'button', class: 'send', onclick: send }, 'Send'), stop, status, output,
            make('h3', {}, 'Answers'), make('table', {}, make('tbody', {}, ...answers)));
          return make('details', { class: 'operation', id: operation.operationId, 'data-text':
              (method + ' ' + path + ' ' + operation.summary + ' ' + operation.tags.join(' ')).toLowerCase() },
            make('summary', {}, make('span', { class: 'method ' + method }, method.toUpperCase()), make('span', { class: 'path' }, path),
              make('span', { class: 'quiet' }, operation.summary)), view);
        };
        const render = () => {
          document.title = document.getElementById('title').textContent = api.info.title + ' ' + api.info.version;
          document.getElementById('summary').textContent = api.info.summary || '';
          const order = { get: 0, post: 1, put: 2, patch: 3, delete: 4 };
          const all = Object.entries(api.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) =>
            ({ path, method, operation }))).sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : order[a.method] - order[b.method]);
          const sections = api.tags.map(tag => make('section', { 'aria-label': tag.name }, make('h2', {}, tag.name),
            make('p', { class: 'quiet' }, tag.description), ...all.filter(entry => entry.operation.tags.includes(tag.name))
              .map(entry => operationView(entry.method, entry.path, entry.operation))));
          const schemas = Object.entries(api.components.schemas).sort().map(([name, schema]) =>
            make('details', { class: 'operation', 'data-text': name.toLowerCase() }, make('summary', {}, make('code', {}, name)),
              make('div', {}, schemaTable(schema))));
          document.getElementById('operations').replaceChildren(...sections, make('section', {}, make('h2', {}, 'Schemas'), ...schemas));
        };
        document.getElementById('filter').addEventListener('input', event => {
          const words = event.target.value.toLowerCase().split(/\s+/);
          for (const entry of document.querySelectorAll('details.operation'))
            entry.hidden = !words.every(word => entry.dataset.text.includes(word));
          for (const section of document.querySelectorAll('section'))
            section.hidden = !section.querySelector('details.operation:not([hidden])');
        });
        fetch('openapi.json').then(response => response.json()).then(loaded => { api = loaded; render(); })
          .catch(error => { document.getElementById('operations').textContent = 'The document cannot be read: ' + error; });
        """#
}
