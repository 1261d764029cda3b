import FoundationEssentials
import Glibc
import K8sClient
import NIOPosix

extension PodWorker {
    private static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// What a container is started with, once there is all that it names; nil when the pod ends before.
    func prepare(_ container: JSONValue) async -> ContainerLaunch? {
        let name = container.nameOrEmpty
        let reference = container["image"]?.string ?? ""
        var attempts = 0
        while !isTerminating, !Task.isCancelled {
            guard let image = node.images.image(for: reference) else {
                reportMissingImage(reference, container, isFirst: attempts == 0)
                attempts += 1
                do { try await Task.sleep(for: .seconds(min(10 << min(attempts, 5), 300))) } catch { return nil }
                continue
            }
            do {
                let launch = try launch(container, image)
                node.note(
                    .normal, "Pulled", "Container image \"\(reference)\" already present on machine", pod: pod,
                    container: container)
                return launch
            } catch {
                let message = (error as? ContainerConfigError)?.message ?? "\(error)"
                records[name]?.keepTermination()
                records[name]?.state = .waiting(reason: "CreateContainerConfigError", message: message)
                publish()
                node.note(.warning, "Failed", "Error: \(message)", pod: pod, container: container)
                // What is missing is looked for again soon; in memory that costs nothing.
                do { try await Task.sleep(for: .seconds(1)) } catch { return nil }
            }
        }
        return nil
    }

    private func reportMissingImage(_ reference: String, _ container: JSONValue, isFirst: Bool) {
        let name = container.nameOrEmpty
        let problem = node.images.problem(with: reference)
        let isNever = container["imagePullPolicy"]?.string == "Never"
        let reason = isNever ? "ErrImageNeverPull" : isFirst ? "ErrImagePull" : "ImagePullBackOff"
        let backOff = "Back-off pulling image \"\(reference)\": \(problem)"
        records[name]?.state = .waiting(reason: reason, message: isFirst ? problem : backOff)
        publish()
        if isFirst {
            node.note(
                .warning, "Failed", "Failed to pull image \"\(reference)\": \(problem)", pod: pod, container: container)
            node.note(.warning, "Failed", "Error: \(reason)", pod: pod, container: container)
        } else {
            node.note(.normal, "BackOff", backOff, pod: pod, container: container)
        }
    }

    private func launch(_ container: JSONValue, _ image: ImageMap.Image) throws -> ContainerLaunch {
        let namespace = pod.meta.namespace
        let cluster = node.cluster
        let user = runAsUser(container) ?? image.user
        let isNonRoot =
            container["securityContext", "runAsNonRoot"]?.bool ?? pod["spec", "securityContext", "runAsNonRoot"]?.bool
        if isNonRoot == true, user ?? Int(geteuid()) == 0 {
            throw ContainerConfigError(
                message: "container has runAsNonRoot and image will run as root (pod: \"\(title)\", container: "
                    + "\(container.nameOrEmpty)); give it runAsUser, or the image a user in the image map")
        }
        let builder = ContainerEnvironment(
            pod: pod, podIP: podIP ?? "", hostIP: NodeObject.address,
            services: node.services.services(in: namespace),
            lookUp: { try cluster.find($0, ObjectKey(namespace: namespace, name: $1)) })
        let base = [
            "PATH": Self.path, "HOME": user == nil || user == 0 ? "/root" : "/tmp", "HOSTNAME": pod.meta.name,
            "KUBERNETES_SERVICE_HOST": node.apiServer.host,
            "KUBERNETES_SERVICE_PORT": String(node.apiServer.port),
            "KUBERNETES_SERVICE_PORT_HTTPS": String(node.apiServer.port),
        ]
        var environment = try builder.variables(for: container, base: base, image: image.env)
        // The Service `kubernetes` may be listed under another port than the one that answers here.
        for (name, value) in base where name.hasPrefix("KUBERNETES_SERVICE") { environment[name] = value }
        var known = environment
        known["POD_IP"] = podIP
        let program = Program(
            image: image, command: container.items("command").compactMap(\.string),
            args: container.items("args").compactMap(\.string), environment: known)
        return ContainerLaunch(
            program: program, environment: environment,
            workingDirectory: container["workingDir"]?.string ?? image.workingDir ?? "/",
            hostname: String((pod["spec", "hostname"]?.string ?? pod.meta.name).prefix(63)), user: user,
            group: container["securityContext", "runAsGroup"]?.int
                ?? pod["spec", "securityContext", "runAsGroup"]?.int,
            files: image.files, userName: image.userName, imageVolumes: image.volumes,
            stopSignal: container["lifecycle", "stopSignal"]?.string.flatMap(ImageMap.signal) ?? image.stopSignal)
    }

    /// The user that the pod asks for.
    func runAsUser(_ container: JSONValue) -> Int? {
        container["securityContext", "runAsUser"]?.int ?? pod["spec", "securityContext", "runAsUser"]?.int
    }

    /// Makes the container's directories and plans its root.
    func finish(_ launch: ContainerLaunch, _ container: JSONValue, logDirectory: String, tmp: String) async throws
        -> ContainerLaunch
    {
        let isSealed = container["securityContext", "readOnlyRootFilesystem"]?.bool ?? false
        let message = container["terminationMessagePath"]?.string ?? "/dev/termination-log"
        let messageFile = tmp + ".termination-log"
        var mounts = [
            Mount(source: directory + "/hosts", target: "/etc/hosts", isReadOnly: true),
            Mount(source: messageFile, target: message, isReadOnly: false),
        ]
        var subPaths: [String] = []
        for mount in container.items("volumeMounts") {
            let volume = mount["name"]?.string ?? ""
            guard var source = volumePaths[volume] else {
                throw ContainerConfigError(message: "volumeMount names no volume of the pod: \(volume)")
            }
            if let path = try subPath(mount, launch.environment) {
                source += "/" + path
                subPaths.append(source)
            }
            mounts.append(
                Mount(
                    source: source, target: mount["mountPath"]?.string ?? "/",
                    isReadOnly: mount["readOnly"]?.bool ?? false || isReadOnly(volume)))
        }
        var own: [String] = []
        for (index, target) in launch.imageVolumes.enumerated() {
            // What the pod mounts there, or above, takes the place of the image's own directory.
            if mounts.contains(where: { target == $0.target || target.hasPrefix($0.target + "/") }) { continue }
            let source = "\(directory)/image-volumes/\(container.nameOrEmpty)/\(index)"
            own.append(source)
            mounts.append(Mount(source: source, target: target, isReadOnly: false))
        }
        if let account = volumePaths[VolumePlanner.accountVolume] {
            mounts.append(Mount(source: account, target: VolumePlanner.accountPath, isReadOnly: true))
        }
        let account = Mount(source: tmp + ".passwd", target: "/etc/passwd", isReadOnly: true)
        let planned = mounts
        let missing = subPaths + own
        let (user, group, userName) = (launch.user, launch.group, launch.userName)
        let program = launch.program.executable
        let files = launch.files
        let search = launch.environment["PATH"] ?? Self.path
        let isMounted = mounts.contains { program.hasPrefix($0.target + "/") }
        let root = try await NIOThreadPool.singleton.runIfActive { () -> [String] in
            let manager = FileManager.default
            for path in [logDirectory, tmp] {
                try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
            }
            try Data().write(to: URL(filePath: messageFile))
            var planned = planned
            // Programs look their user up; one that only the image knows would be nobody.
            if let user, user != 0, MachineFiles.userName(user) == nil {
                let known = String(decoding: try Data(contentsOf: URL(filePath: account.target)), as: UTF8.self)
                let entry = "\(userName ?? String(user)):x:\(user):\(group ?? user)::/tmp:/bin/sh\n"
                try Data((known + entry).utf8).write(to: URL(filePath: account.source))
                planned.append(account)
            }
            // A subPath that is not there becomes a directory, as the kubelet makes it.
            for path in missing where !manager.fileExists(atPath: path) {
                try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
            }
            guard let executable = MachineFiles.executable(program, path: search) else {
                if isMounted { return Self.root(planned, tmp: tmp, isSealed: isSealed, visible: files) }
                throw ContainerConfigError(
                    message: "exec: \"\(program)\": executable file not found in $PATH or not executable")
            }
            // With its directory, where its libraries and resources may be.
            let home = executable.split(separator: "/").dropLast()
            let place = home.count > 1 ? "/" + home.joined(separator: "/") : executable
            return Self.root(planned, tmp: tmp, isSealed: isSealed, visible: [place] + files)
        }
        var launch = launch
        launch.root = root
        return launch
    }

    /// Whether the pod mounts a claim for reading only.
    private func isReadOnly(_ volume: String) -> Bool {
        let source = pod.items("spec", "volumes").first { $0.nameOrEmpty == volume }
        return source?["persistentVolumeClaim", "readOnly"]?.bool ?? false
    }

    private static func root(_ mounts: [Mount], tmp: String, isSealed: Bool, visible: [String]) -> [String] {
        RootPlan(
            mounts: mounts, temporary: Mount(source: tmp, target: "/tmp", isReadOnly: isSealed),
            visible: visible.filter { MachineFiles.exists($0) }, host: MachineFiles()
        ).arguments
    }

    private func subPath(_ mount: JSONValue, _ environment: [String: String]) throws -> String? {
        let text: String
        if let path = mount["subPath"]?.string, !path.isEmpty {
            text = path
        } else if let path = mount["subPathExpr"]?.string, !path.isEmpty {
            text = VariableExpansion.expand(path, environment)
        } else {
            return nil
        }
        return try VolumePlanner.relative(text)
    }
}
