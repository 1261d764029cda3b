import Hummingbird
import HummingbirdTLS
import HummingbirdHTTP2
import Subprocess
print("skeleton")
