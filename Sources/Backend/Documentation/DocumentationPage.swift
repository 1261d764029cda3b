/// The page at `/docs`: one file with its style and script, nothing from elsewhere.
enum DocumentationPage {
    /// - Parameter nonce: Names this answer's own style and script in its Content-Security-Policy.
    static func html(nonce: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>ChatGPT backend API</title>
        <style nonce="\(nonce)">\(style)</style>
        </head>
        <body>
        <header>
        <h1 id="title">API</h1>
        <p id="summary"></p>
        <p><a href="openapi.json">openapi.json</a></p>
        <label for="token">Access token or API key for trying it out (kept in this page only)</label>
        <input id="token" type="password" autocomplete="off" spellcheck="false" placeholder="sk-cb-…">
        <label for="filter">Filter</label>
        <input id="filter" type="search" placeholder="path or words">
        </header>
        <main id="operations" aria-live="polite"><p>Loading…</p></main>
        <script nonce="\(nonce)">\(script)</script>
        </body>
        </html>
        """
    }
}
