import ArgumentParser
import Hummingbird
print("skeleton")
